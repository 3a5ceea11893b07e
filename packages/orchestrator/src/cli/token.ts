/** `orchestrate token`: who may join. A token is shown once, when it is made; afterwards only its digest is known. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { act, addCommand } from './command.ts';

interface TokenFlags {
  readonly uses?: string;
  readonly expires?: string;
  readonly label?: string;
  readonly list?: boolean;
  readonly revoke?: string;
}

export function registerToken(program: Command): void {
  const command = addCommand(program, {
    usage: 'token <run>',
    summary: 'make a link by which others may join, list what was made, or take one back',
    examples: [
      'orchestrate token runs/mnist-20260101-0123abcd --uses 10 --expires 7d --label "lab 3"',
      'orchestrate token runs/mnist-20260101-0123abcd --list',
      'orchestrate token runs/mnist-20260101-0123abcd --revoke q83vEjRW',
    ],
  })
    .option('--uses <n>', 'workers that it admits (any number unless told otherwise)')
    .option('--expires <time>', 'how long it admits new workers: 45m, 12h, 7d (for ever unless told otherwise)')
    .option('--label <text>', 'for whom it is, in your own words')
    .option('--list', 'show what was made: uses, expiry, never the token itself')
    .option('--revoke <id>', 'take one back: it admits nobody any more');
  act<TokenFlags>(command, async (output, flags, [directory = '']) => {
    const [{ openRunDirectory }, { TokenStore }, { tokenCommand }] = await Promise.all([
      import('../store/run-directory.ts'),
      import('../tokens/token-store.ts'),
      import('../tokens/command.ts'),
    ]);
    const { paths } = openRunDirectory(directory);
    using tokens = TokenStore.open(paths.directory);
    tokenCommand({ tokens, directory: paths.directory, output, flags, now: Date.now(), random: randomBytes });
  });
}
