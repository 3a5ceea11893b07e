/**
 * Runs the Solidity tests: `forge test`, then the check of the gas snapshot. Further arguments go to forge
 * (`npm run test:forge -w @murmuration/contracts -- --match-test claim -vvv`). `--snapshot` writes the snapshot anew.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = fileURLToPath(new URL('..', import.meta.url));
/** npm puts all libraries there, so it is forge's root too. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** forge in the package of this platform; its npm wrapper does nothing but start it. */
function forgeBinary(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@foundry-rs/forge-${process.platform}-${architecture}`;
  const wrapper = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json'));
  const binary = join(
    dirname(wrapper.resolve(`${name}/package.json`)),
    'bin',
    process.platform === 'win32' ? 'forge.exe' : 'forge',
  );
  if (!existsSync(binary))
    throw new Error(`${name} holds no forge. Run \`npm ci\` without omitting optional packages.`);
  return binary;
}

/** The compiler's shim is started by its first line, `env node`: let it find the Node that runs this. */
const environment = {
  ...process.env,
  FOUNDRY_CONFIG: join(home, 'foundry.toml'),
  FOUNDRY_DISABLE_NIGHTLY_WARNING: '1',
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
};

/** @returns forge's exit status; its output is shown only when it failed, where `quiet`. */
function forge(parameters: readonly string[], quiet = false): number {
  const stdio = quiet ? 'pipe' : 'inherit';
  const { status, stdout, stderr } = spawnSync(forgeBinary(), [...parameters, '--root', root], {
    cwd: root,
    env: environment,
    stdio,
  });
  if (quiet && status !== 0) process.stderr.write(`${String(stdout)}${String(stderr)}`);
  return status ?? 1;
}

/** What operations cost, from the tests that meter a single call each: the committed figures must be the true ones. */
const snapshot = ['snapshot', '--match-contract', 'GasTest', '--snap', join(home, '.gas-snapshot')];

const asked = process.argv.slice(2);
if (asked.includes('--snapshot')) {
  process.exitCode = forge(snapshot);
} else if (asked.length > 0) {
  process.exitCode = forge(['test', ...asked]);
} else {
  const gas = forge([...snapshot, '--check'], true);
  if (gas !== 0)
    process.stderr.write(
      'Gas differs from .gas-snapshot. Run `npm run snapshot -w @murmuration/contracts` if that is meant.\n',
    );
  process.exitCode = forge(['test']) || gas;
}
