/** From a step program to code, memory and lists of stages for the threads. Pure but for the compiler. */
import { type CanonicalPlan, type CanonicalTensor, planCanonical } from '../../canonical/plan.ts';
import type { Graph } from '../../graph/graph.ts';
import type { OpTable } from '../../graph/op.ts';
import type { StepProgram } from '../../graph/step-program.ts';
import { accumulateFunction } from '../accumulate.ts';
import { productFunctions } from '../matmul/product.ts';
import { DEFAULT_TILE, type TileShape } from '../matmul/tile.ts';
import type { Stage } from '../threads/messages.ts';
import { encodeModule } from '../wasm/module.ts';
import { callsOf, KernelTable } from './calls.ts';
import { layOut, type ProgramLayout } from './layout.ts';
import { type ArenaPlan, planArena, tensorBytes } from './memory.ts';
import { splitMap } from './split.ts';
import { stagesOf } from './stages.ts';
import { sumsOf, type TrainedRun, trainedRuns } from './trained.ts';

export interface CompileOptions {
  readonly ops: OpTable;
  readonly threads: number;
  /** Whether the memory is shared between threads. */
  readonly shared: boolean;
  /** The tile of matrix products; no bit depends on it. */
  readonly tile?: TileShape;
}

export interface CompiledProgram {
  readonly layout: ProgramLayout;
  readonly trained: readonly TrainedRun[];
  readonly binary: Uint8Array<ArrayBuffer>;
  readonly lists: { readonly train: readonly Stage[]; readonly evaluate: readonly Stage[] };
  /** Addresses of the scalars that each list leaves: the loss; loss, correct, predictions. */
  readonly results: { readonly train: readonly number[]; readonly evaluate: readonly number[] };
}

/** Work of adding one element to its sum, in instructions. */
const ACCUMULATE_WORK = 40;

/** @throws UnsupportedOpError, ExactMemoryError */
export function compileExact(program: StepProgram, options: CompileOptions): CompiledProgram {
  const { threads, shared, ops, tile = DEFAULT_TILE } = options;
  const [train, evaluate] = [program.train, program.evaluate].map((graph) => planned(graph, ops)) as [Planned, Planned];
  const trained = trainedRuns(program);
  const most = (of: 'bytes' | 'least') => Math.max(train.arena[of], evaluate.arena[of]);
  const layout = layOut(program, {
    threads,
    tile,
    arena: most('bytes'),
    leastArena: most('least'),
    sums: sumsOf(trained),
  });
  const kernels = new KernelTable();
  const list = (one: Planned): Stage[] => {
    const addressOf = addressing(one, layout, program);
    const sizeOf = (tensor: CanonicalTensor) => tensorBytes(one.plan.tensors[tensor]!) / 4;
    return one.stages.map((stage) => stage.flatMap((step) => callsOf(step, kernels, { addressOf, sizeOf }, threads)));
  };
  const lists = {
    train: [...list(train), accumulateStage(train, layout, program, trained, threads)],
    evaluate: list(evaluate),
  };
  const results = (one: Planned) => one.plan.outputs.map(addressing(one, layout, program));
  const functions = { ...productFunctions(tile), accumulate: accumulateFunction(), ...kernels.functions };
  return {
    layout,
    trained,
    binary: encodeModule(functions, { shared }),
    lists,
    results: { train: results(train), evaluate: results(evaluate) },
  };
}

interface Planned {
  readonly graph: Graph;
  readonly plan: CanonicalPlan;
  readonly stages: ReturnType<typeof stagesOf>;
  readonly arena: ArenaPlan;
}

function planned(graph: Graph, ops: OpTable): Planned {
  const plan = planCanonical(graph, ops);
  const stages = stagesOf(plan);
  return { graph, plan, stages, arena: planArena(plan, stages) };
}

function addressing(
  { graph, arena }: Planned,
  memory: ProgramLayout,
  { layout }: StepProgram,
): (tensor: CanonicalTensor) => number {
  const slots = new Map(layout.slots.map(({ name, offset }) => [name, memory.parameters + offset * 4]));
  return (tensor) => {
    const input = graph.inputs[tensor];
    if (input === undefined) return memory.arena + arena.offsets.get(tensor)!;
    return (input.role === 'parameter' ? slots : memory.data).get(input.name)!;
  };
}

/** Gradients are added to the sums when all are there: a step that fails half-way adds nothing. */
function accumulateStage(
  train: Planned,
  memory: ProgramLayout,
  program: StepProgram,
  trained: readonly TrainedRun[],
  threads: number,
): Stage {
  const addressOf = addressing(train, memory, program);
  return program.layout.slots.flatMap(({ name, offset, size }) => {
    const run = trained.find((each) => each.offset <= offset && offset < each.offset + each.size);
    const tensor = train.plan.outputs[train.graph.outputs.findIndex((each) => each.name === `gradient/${name}`)];
    if (run === undefined || tensor === undefined) return [];
    const first = run.sums + offset - run.offset;
    return splitMap({ rows: 1, columns: size, work: ACCUMULATE_WORK }, threads).map(({ column, columnEnd }) => ({
      label: 'accumulate',
      name: 'accumulate',
      arguments: [memory.sums + (first + column) * 8, addressOf(tensor) + column * 4, columnEnd - column],
    }));
  });
}
