/**
 * An adapter on the bench: single graphs and the adapter's own ceilings, to be timed. It works on the calling thread and
 * slows that thread's `setImmediate` for good, so it belongs into a process or thread that does nothing else.
 */
import type { Numerics } from '../../backend/backend.ts';
import type { Graph } from '../../graph/graph.ts';
import type { StepProgram } from '../../graph/step-program.ts';
import { type AdapterDescription, describeAdapter, findAdapter, openDevice, traitsOf } from '../adapter.ts';
import { arithmeticOf } from '../backend.ts';
import { type Ceiling, openBytesCeiling, openFlopsCeiling } from '../ceilings.ts';
import { Device } from '../device.ts';
import { type Feeds, PreparedGraph } from '../prepared-graph.ts';
import { openGpu } from './open-gpu.ts';
import { throttleSetImmediate } from './throttle.ts';

/** Something to run and to wait for, repeatedly. */
export interface BenchedWork {
  run(times: number): Promise<void>;
  close(): void;
}

export interface AdapterBench {
  readonly adapter: AdapterDescription;
  /** Compiles a graph whose inputs are all in `feeds`. */
  prepare(graph: Graph, feeds: Feeds): Promise<BenchedWork>;
  /** What a step of `program` will launch, and how many pipelines that takes; nothing is compiled. */
  plan(program: StepProgram): { readonly launches: number; readonly pipelines: number };
  /** The most FLOPs, or bytes of a copy, that the adapter was seen to do. */
  ceiling(of: 'flops' | 'bytes'): Promise<Ceiling>;
  close(): void;
}

export interface AdapterBenchOptions {
  /** `fast` unless given. */
  readonly numerics?: Numerics;
}

/** @throws AdapterNotFoundError */
export async function openAdapterBench({ numerics = 'fast' }: AdapterBenchOptions = {}): Promise<AdapterBench> {
  const throttle = throttleSetImmediate();
  const gpu = await openGpu();
  const device = await Device.open(gpu);
  const { arithmeticWith, adapter } = await arithmeticOf(device, numerics);
  const arithmetic = arithmeticWith(device.traits);
  // A device of its own, so that a lost one does not take the other with it.
  const found = await findAdapter(gpu);
  const plain = await openDevice(found, traitsOf(describeAdapter(found)));
  const throttled = (work: BenchedWork, amount = 0): Ceiling => ({
    amount,
    run: (times: number) => {
      throttle.restart();
      return work.run(times);
    },
    close: () => work.close(),
  });
  return {
    adapter,
    prepare: async (graph, feeds) => {
      throttle.restart();
      const prepared = await PreparedGraph.open(device, graph, arithmetic.plan(graph));
      prepared.feed(feeds);
      return throttled(prepared);
    },
    plan: ({ train, evaluate }) => {
      const plans = [train, evaluate].map((graph) => arithmetic.plan(graph));
      const keys = new Set(plans.flatMap(({ calls }) => calls.map(({ kernel }) => kernel.key)));
      return { launches: plans[0]!.calls.length, pipelines: keys.size };
    },
    ceiling: async (of) => {
      throttle.restart();
      const options = { software: device.traits.software };
      const ceiling = await (of === 'flops' ? openFlopsCeiling(plain, options) : openBytesCeiling(plain, options));
      return throttled(ceiling, ceiling.amount);
    },
    close: () => {
      device.close();
      plain.destroy();
    },
  };
}
