/** `orchestrate dashboard`: the pages of a run, while it is under way elsewhere or long over, from its directory alone. */
import { once } from 'node:events';
import type { Command } from 'commander';
import type { HttpFlags } from '../http/options.ts';
import { act, addCommand } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { addHttpFlags } from './http-flags.ts';

export function registerDashboard(program: Command): void {
  const command = addHttpFlags(
    addCommand(program, {
      usage: 'dashboard <run>',
      summary: 'show a run in a browser: under way, finished, or a copied directory',
      examples: [
        'orchestrate dashboard runs/mnist-20260101-0123abcd',
        'orchestrate dashboard runs/mnist-20260101-0123abcd --http 0.0.0.0:8080',
      ],
    }),
    'where to serve the pages (127.0.0.1:8080 unless told otherwise)',
  );
  act<HttpFlags>(command, async (output, flags, [directory = '']) => {
    const [{ openRunDirectory }, { JournalStore }, { readHttpFlags }, { ServedRun }] = await Promise.all([
      import('../store/run-directory.ts'),
      import('../store/journal-store.ts'),
      import('../http/options.ts'),
      import('../http/serve.ts'),
    ]);
    const { paths } = openRunDirectory(directory);
    // What is no journal is told here and now; whatever else is wrong with it, the pages say.
    JournalStore.read(paths.journal).close();
    const http = readHttpFlags({ ...flags, http: flags.http ?? '127.0.0.1:8080' }, Date.now());
    if (http === null) return exitCodes.badInput;
    const stop = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
    await using served = await ServedRun.start({
      directory: paths.directory,
      noted: null,
      http,
      output,
      say: (line) => output.result(line),
    });
    served.open(null);
    await stop;
    return exitCodes.done;
  });
}
