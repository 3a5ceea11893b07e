/** `npm run bench -- <suite> [--json] [--quick]`: runs a suite, prints its tables, writes its JSON. */
import { Command } from 'commander';
import { describeMachine } from './harness/machine.ts';
import { formatTable, writeResult } from './harness/report.ts';
import type { Suite, SuiteOptions } from './suite.ts';
import { suites } from './suites/index.ts';

const BAD_INPUT = 2;

interface Flags {
  readonly json?: boolean;
  readonly quick?: boolean;
  readonly out: string;
  readonly set: readonly string[];
}

function parseSettings(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Error(`--set ${pair} is not name=value. Write it as --set name=value.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

async function runSuite(suite: Suite, flags: Flags): Promise<void> {
  const options: SuiteOptions = {
    quick: flags.quick ?? false,
    log: (line) => process.stderr.write(`${line}\n`),
    settings: parseSettings(flags.set),
  };
  const machine = describeMachine(new Date());
  const result = await suite(options);
  const path = writeResult(flags.out, result, machine);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ machine, ...result })}\n`);
    return;
  }
  const { cpu, cores, system, node, commit, load } = machine;
  process.stdout.write(
    `\n${cpu}, ${cores} cores, ${system}, Node ${node}, commit ${commit}, load ${load.toFixed(1)} at the start\n\n`,
  );
  process.stdout.write(`${result.tables.map(formatTable).join('\n\n')}\n\nwritten to ${path}\n`);
}

const program = new Command('bench')
  .description('Measures Murmuration beside its peers: warm-up, interleaved runs, median and quartiles.')
  .showHelpAfterError()
  .addHelpText('after', '\nExample:\n  $ orchestrate bench train-step --quick --json')
  // As everywhere in the product: 2 for bad input. Help is no error.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : BAD_INPUT));
for (const [name, { summary, load }] of Object.entries(suites)) {
  program
    .command(name)
    .description(summary)
    .option('--json', 'print the result as one line of JSON instead of tables')
    .option('--quick', 'few and small runs, to see that it works')
    .option('--out <folder>', 'where the JSON file goes', 'benchmarks/results')
    .option('--set <name=value...>', 'settings of the suite', [])
    .action(async (flags: Flags) => runSuite(await load(), flags));
}
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
