/** How fast a backend multiplies and how fast it reads, in about two seconds: what `doctor` shows. Not a benchmark. */
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { Executable } from './backend.ts';
import { kernelProgram } from './kernel-program.ts';

export interface BackendFigures {
  /** 10⁹ floating-point operations a second in a matrix product. */
  readonly gflops: number;
  /** 10⁹ bytes read a second. */
  readonly gigabytesPerSecond: number;
  /** How both were measured. */
  readonly how: string;
}

const SIZE = 512;
const ROWS = 4096;
const COLUMNS = 1024;
/** Milliseconds of timed runs for each figure. */
const BUDGET_MILLIS = 700;
const MAX_RUNS = 50;

/** @param compile the backend's, or a thread's that holds one */
export async function measureFigures(compile: (program: StepProgram) => Promise<Executable>): Promise<BackendFigures> {
  const product = await fastestMillis(compile, productGraph());
  const sum = await fastestMillis(compile, sumGraph());
  return {
    gflops: (2 * SIZE ** 3) / product / 1e6,
    gigabytesPerSecond: (4 * ROWS * COLUMNS) / sum / 1e6,
    how: `the fastest run within ${BUDGET_MILLIS} ms: a ${SIZE} × ${SIZE} × ${SIZE} product; the sums of ${ROWS} rows of ${COLUMNS}, f32`,
  };
}

function productGraph(): Graph {
  const builder = new GraphBuilder();
  const [a, b] = ['a', 'b'].map((name) => builder.input(name, { dtype: 'f32', shape: [SIZE, SIZE] }, 'parameter'));
  builder.output('y', builder.apply('matmul', [a!, b!], { transposeA: false, transposeB: false }));
  return builder.build();
}

function sumGraph(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [ROWS, COLUMNS] }, 'parameter');
  builder.output('y', builder.apply('reduceSum', [x], { axes: [1], keepDims: false }));
  return builder.build();
}

async function fastestMillis(compile: (program: StepProgram) => Promise<Executable>, graph: Graph): Promise<number> {
  const program = kernelProgram(graph);
  const executable = await compile(program);
  try {
    await executable.load(new Float32Array(program.layout.size).fill(1));
    // The first run compiles and lays out memory.
    await executable.evaluate({});
    let fastest = Infinity;
    const end = performance.now() + BUDGET_MILLIS;
    for (let run = 0; run < MAX_RUNS && (run === 0 || performance.now() < end); run++) {
      const started = performance.now();
      await executable.evaluate({});
      fastest = Math.min(fastest, performance.now() - started);
    }
    return fastest;
  } finally {
    await executable.close();
  }
}
