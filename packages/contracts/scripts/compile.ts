/** Compiles the contracts with the compiler that npm installs and fixed settings, so that every machine gets the same bytes. */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** What runs on chain: one file each in `solidity/`. */
export const contractNames = ['DevnetToken', 'EpochSettlement', 'JobEscrow', 'WorkerRegistry'] as const;

/** The same as in foundry.toml. No metadata: its hash would make the code depend on comments and paths. */
const settings = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
};

/** A contract as the client needs it. */
export interface Artifact {
  readonly name: string;
  readonly abi: readonly unknown[];
  /** Creation code, `0x` and hexadecimal digits. */
  readonly bytecode: string;
}

interface Solc {
  version(): string;
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string;
}

interface Output {
  readonly errors?: readonly {
    readonly severity: string;
    readonly formattedMessage: string;
    readonly sourceLocation?: { readonly file: string };
  }[];
  readonly contracts?: Record<
    string,
    Record<string, { abi: readonly unknown[]; evm: { bytecode: { object: string } } }>
  >;
}

/** Compiles all contracts. @throws an Error with the compiler's messages when they don't compile */
export function compileContracts(): { readonly compiler: string; readonly artifacts: readonly Artifact[] } {
  const solc = require('solc') as Solc;
  const files = readdirSync(join(root, 'solidity')).filter((name) => name.endsWith('.sol'));
  const output = compile(
    solc,
    files.map((name) => `solidity/${name}`),
  );
  return {
    compiler: solc.version(),
    artifacts: contractNames.map((name) => artifactOf(output, `solidity/${name}.sol`, name)),
  };
}

/** Compiles a token that only tests use, of `test/Tokens.sol`. */
export function compileTestToken(name: string): Artifact {
  const file = 'test/Tokens.sol';
  return artifactOf(compile(require('solc') as Solc, [file]), file, name);
}

function compile(solc: Solc, files: readonly string[]): Output {
  const sources = Object.fromEntries(files.map((file) => [file, { content: readSource(file) }]));
  const input = JSON.stringify({ language: 'Solidity', sources, settings });
  const output = JSON.parse(solc.compile(input, { import: (path) => ({ contents: readSource(path) }) })) as Output;
  // A warning in our own sources is a fault; those in libraries are their authors' to mend.
  const faults = (output.errors ?? [])
    .filter(({ severity, sourceLocation }) => severity === 'error' || sourceLocation?.file.startsWith('solidity/'))
    .map(({ formattedMessage }) => formattedMessage);
  if (faults.length > 0) throw new Error(`The contracts do not compile cleanly. Mend these:\n${faults.join('\n')}`);
  return output;
}

function artifactOf(output: Output, file: string, name: string): Artifact {
  const contract = output.contracts?.[file]?.[name];
  if (contract === undefined)
    throw new Error(`${file} holds no contract ${name}. Name the contract as it is asked for.`);
  return { name, abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
}

const readSource = (path: string): string =>
  readFileSync(path.startsWith('@') ? require.resolve(path) : join(root, path), 'utf8');
