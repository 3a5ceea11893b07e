/**
 * A small process between a run and its anvil: `node supervisor.ts STATE_FILE ANVIL ARGUMENTS…`. It holds two promises.
 *
 * - No orphan: when the run dies, however it dies, this process's standard input closes; then it saves and ends anvil.
 * - No torn state: anvil's own state file is written in place. Here the state is written beside the old one and renamed
 *   over it, so whatever is killed at whatever moment, a whole state is on disk, at most an interval old.
 *
 * Lines on standard input: `save`. Lines on standard output: `anvil PID`, `listening PORT`, `saved`, `failed REASON`, `log TEXT`.
 */
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { rpc } from './rpc.ts';

const SAVE_EVERY_MS = 2_000;
/** After SIGTERM, until SIGKILL. Anvil ends in a few milliseconds. */
const GRACE_MS = 3_000;

const [stateFile = '', program = '', ...parameters] = process.argv.slice(2);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

// The reader may be dead already: its absence must not stop the saving.
process.stdout.on('error', () => undefined);

const anvil = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
// If this process is killed, its parent ends anvil by that number.
if (anvil.pid !== undefined) say(`anvil ${anvil.pid}`);
let rpcUrl: string | null = null;
let savedBlock: unknown = null;
let saving: Promise<void> = Promise.resolve();

/** Saves if there are blocks that the file does not have; calls follow one another. */
function save(): Promise<void> {
  const next = saving.then(saveNow);
  saving = next.catch(() => undefined);
  return next;
}

async function saveNow(): Promise<void> {
  if (rpcUrl === null) return;
  const block = await rpc(rpcUrl, 'eth_blockNumber');
  if (block === savedBlock) return;
  const dump = (await rpc(rpcUrl, 'anvil_dumpState')) as string;
  writeFileSync(`${stateFile}.new`, gunzipSync(Buffer.from(dump.slice(2), 'hex')), { flush: true });
  renameSync(`${stateFile}.new`, stateFile);
  savedBlock = block;
}

const report = (error: unknown): string =>
  `failed ${error instanceof Error ? error.message : String(error)}`.replaceAll('\n', ' ');

async function end(): Promise<void> {
  clearInterval(timer);
  await save().catch((error: unknown) => say(report(error)));
  anvil.kill('SIGTERM');
  setTimeout(() => anvil.kill('SIGKILL'), GRACE_MS).unref();
}

createInterface({ input: anvil.stdout }).on('line', (line) => {
  const port = /^Listening on .*:(\d+)$/.exec(line)?.[1];
  if (port === undefined) return;
  rpcUrl = `http://127.0.0.1:${port}`;
  say(`listening ${port}`);
});
createInterface({ input: anvil.stderr }).on('line', (line) => say(`log ${line}`));
anvil.on('error', (error) => {
  say(report(error));
  process.exit(1);
});
anvil.on('close', (code, signal) => process.exit(signal === null ? (code ?? 1) : 0));

const timer = setInterval(() => void save().catch((error: unknown) => say(report(error))), SAVE_EVERY_MS);
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'save')
      save().then(
        () => say('saved'),
        (error: unknown) => say(report(error)),
      );
  })
  .on('close', () => void end());
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end());
