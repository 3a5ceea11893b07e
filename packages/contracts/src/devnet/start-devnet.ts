/** Starts the chain that a run keeps for itself: anvil under a supervisor, its state in the run directory. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { toBeHex } from 'ethers';
import { identityOf } from '../identity.ts';
import { SerialQueue } from '../serial-queue.ts';
import { anvilBinary } from './anvil-binary.ts';
import { openDevnetFiles, type DevnetFiles } from './devnet-files.ts';
import { DevnetFailedError, DevnetPortTakenError } from './errors.ts';
import { rpc } from './rpc.ts';

export interface DevnetOptions {
  /** Where the chain's state and the engineer's key are kept; made if it is not there. */
  readonly stateDirectory: string;
  /** 0, the default: any free port. */
  readonly port?: number;
  readonly chainId?: number;
  /** Receives what the devnet has to say about itself. */
  readonly log: (line: string) => void;
}

/** A running devnet. It ends with this process, however this process ends. */
export interface Devnet {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** The process that watches over the chain. */
  readonly supervisorPid: number;
  /** The secret key `[32]` of an account that has coins for gas. */
  readonly engineerKey: Uint8Array;
  /** Moves the chain's clock on. */
  advanceTime(seconds: number): Promise<void>;
  /** Puts the state on disk now (it is also put there every two seconds and at the end). */
  save(): Promise<void>;
  /** Saves and ends the chain; nothing is left running. */
  stop(): Promise<void>;
}

const DEVNET_CHAIN_ID = 31_337;
const GAS_MONEY = 10n ** 24n;
const supervisor = fileURLToPath(new URL('supervisor.ts', import.meta.url));

type Supervisor = ChildProcessByStdio<Writable, Readable, null>;

/** @throws AnvilMissingError, DevnetPortTakenError, DevnetFailedError */
export async function startDevnet({
  stateDirectory,
  port = 0,
  chainId = DEVNET_CHAIN_ID,
  log,
}: DevnetOptions): Promise<Devnet> {
  const files = openDevnetFiles(stateDirectory);
  const child = spawnSupervisor(files, port, chainId);
  const lines = new Lines(child, log);
  const listening = await lines.next('listening');
  if (listening === null) throw startFailure(lines.lastLog, port, stateDirectory);
  const rpcUrl = `http://127.0.0.1:${listening}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    child.stdin.end();
    await once(child, 'close');
  };
  try {
    await prepare(rpcUrl, files);
  } catch (cause) {
    await stop();
    throw new DevnetFailedError({ why: (cause as Error).message, stateDirectory, cause });
  }
  // From here on the devnet does not keep this process alive: when it ends, the supervisor's input closes.
  for (const handle of [child, child.stdin, child.stdout]) (handle as unknown as Socket).unref();
  const queue = new SerialQueue();
  const save = (): Promise<void> =>
    queue.run(async () => {
      child.ref();
      child.stdin.write('save\n');
      const saved = await lines.next('saved');
      child.unref();
      if (saved === null) throw new DevnetFailedError({ why: lines.lastLog, stateDirectory });
    });
  return {
    rpcUrl,
    chainId,
    supervisorPid: child.pid ?? 0,
    engineerKey: files.engineerKey,
    advanceTime: (seconds) => advanceTime(rpcUrl, seconds),
    save,
    stop,
  };
}

/** Moves a devnet's clock on and makes a block with the new time. */
export async function advanceTime(rpcUrl: string, seconds: number): Promise<void> {
  await rpc(rpcUrl, 'evm_increaseTime', [Math.ceil(seconds)]);
  await rpc(rpcUrl, 'evm_mine');
}

function spawnSupervisor({ stateFile, hasState }: DevnetFiles, port: number, chainId: number): Supervisor {
  const load = hasState ? ['--load-state', stateFile] : [];
  const anvil = [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--chain-id',
    String(chainId),
    '--accounts',
    '0',
    '--hardfork',
    'prague',
    ...load,
  ];
  // A group of its own: Ctrl-C in a terminal goes to the whole group, and a draining run still needs its chain.
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', supervisor, stateFile, anvilBinary(), ...anvil],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: process.platform !== 'win32',
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  );
}

/** Funds the engineer; brings the clock of a loaded chain up to its last block, which may be ahead of this machine's. */
async function prepare(rpcUrl: string, { engineerKey }: DevnetFiles): Promise<void> {
  await rpc(rpcUrl, 'anvil_setBalance', [identityOf(engineerKey).address, toBeHex(GAS_MONEY)]);
  const latest = (await rpc(rpcUrl, 'eth_getBlockByNumber', ['latest', false])) as { timestamp: string };
  const ahead = Number(latest.timestamp) - Math.floor(Date.now() / 1000);
  if (ahead > 0) await rpc(rpcUrl, 'evm_increaseTime', [ahead]);
}

function startFailure(why: string, port: number, stateDirectory: string): Error {
  if (/address already in use/i.test(why)) return new DevnetPortTakenError({ port });
  return new DevnetFailedError({ why: why === '' ? 'it ended at once' : why, stateDirectory });
}

/** The supervisor's lines, by their first word. */
class Lines {
  /** The last thing that it complained of. */
  lastLog = '';
  #anvil: number | null = null;
  #ended = false;
  readonly #heard = new EventEmitter();

  constructor(child: Supervisor, log: (line: string) => void) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word = '', ...rest] = line.split(' ');
      const text = rest.join(' ');
      if (word === 'log' || word === 'failed') this.lastLog = text;
      if (word === 'anvil') this.#anvil = Number(text);
      if (word !== 'saved' && word !== 'anvil') log(`devnet: ${word === 'log' ? text : line}`);
      this.#heard.emit(word, text);
    });
    child.on('close', () => {
      this.#ended = true;
      this.#heard.emit('end');
    });
    child.on('exit', (_code, signal) => {
      if (signal !== null) this.#endAnvil();
    });
    // Writing to a supervisor that is gone shows as `end`; the broken pipe says nothing more.
    child.stdin.on('error', () => undefined);
  }

  /** A supervisor that was killed could not end what it watched. */
  #endAnvil(): void {
    if (this.#anvil === null) return;
    try {
      process.kill(this.#anvil, 'SIGTERM');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** The text of the next line that begins with `word`; null when it failed or ended instead. */
  next(word: string): Promise<string | null> {
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => {
      const listeners: Record<string, (text: string) => void> = {
        [word]: (text) => settle(text),
        failed: () => settle(null),
        end: () => settle(null),
      };
      const settle = (text: string | null): void => {
        for (const [name, listener] of Object.entries(listeners)) this.#heard.off(name, listener);
        resolve(text);
      };
      for (const [name, listener] of Object.entries(listeners)) this.#heard.on(name, listener);
    });
  }
}
