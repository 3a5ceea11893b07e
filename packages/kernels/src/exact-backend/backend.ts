/**
 * The backend `exact`: WebAssembly SIMD on threads of the CPU, bit-equal to exact WGSL because both are rendered from one
 * description of each op's arithmetic (`canonical/`). Nothing here knows Node: threads are spawned by whoever opens it.
 */
import type { Backend, Executable } from '../backend/backend.ts';
import { debug, memoryText } from '../debug.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { ops as allOps } from '../ops/index.ts';
import type { OpTable } from '../graph/op.ts';
import { compileExact } from './compile/compile.ts';
import { stagesText } from './debug-program.ts';
import { ExactMemoryError } from './errors.ts';
import { ExactExecutable } from './executable.ts';
import type { TileShape } from './matmul/tile.ts';
import { openThreadPool, type SpawnThread, type ThreadPool } from './threads/pool.ts';

export interface ExactBackendParts {
  /** Names the CPU. */
  readonly name: string;
  readonly threads: number;
  /** How a thread is made; null computes on the caller's. */
  readonly spawn: SpawnThread | null;
  readonly tile?: TileShape;
  readonly ops?: OpTable;
}

export function createExactBackend({ name, threads, spawn, tile, ops = allOps }: ExactBackendParts): Backend {
  const pool = openThreadPool(threads, spawn);
  return {
    name: 'exact',
    adapter: { name, kind: 'cpu', class: 'exact' },
    compile: (program) => compileFor(pool, program, { ops, ...(tile && { tile }) }),
    close: () => pool.close(),
  };
}

async function compileFor(
  pool: ThreadPool,
  program: StepProgram,
  options: { readonly ops: OpTable; readonly tile?: TileShape },
): Promise<Executable> {
  const { threads, shared } = pool;
  const compiled = compileExact(program, { ...options, threads, shared });
  const { layout, binary, lists } = compiled;
  const tell = () => [
    memoryText(layout.memory),
    ...Object.entries(lists).map(([name, list]) => stagesText(name, list)),
  ];
  debug('plan', () => tell().join('\n'));
  const module = await WebAssembly.compile(binary);
  const memory = allocate(layout.bytes, shared);
  const id = await pool.open({ module, memory, lists, scratch: layout.scratch });
  return new ExactExecutable({ program, compiled, module, memory, pool, id });
}

const PAGE = 65_536;
const MAXIMUM_PAGES = 65_536;

function allocate(bytes: number, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: MAXIMUM_PAGES, shared });
  } catch (cause) {
    throw new ExactMemoryError({ bytes, largest: 'the whole', cause });
  }
}
