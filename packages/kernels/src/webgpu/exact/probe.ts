/**
 * The conformance probe: whether this device computes exact arithmetic, asked before it is trusted with any. WGSL lets an
 * implementation fuse a · b + c, reorder sums and answer functions as it likes; the probe runs the very kernels that a job
 * would run, on operands that show it, and compares bits.
 */
import type { ProbeReport } from '../../backend/backend.ts';
import { interpretExactly } from '../../canonical/interpret-graph.ts';
import type { CanonicalArray } from '../../canonical/interpret.ts';
import { ops } from '../../ops/index.ts';
import type { Device } from '../device.ts';
import { runPlan } from '../run-graph.ts';
import type { Rounding } from './operations.ts';
import { planExact } from './plan-exact.ts';
import { type ProbeProgram, probeProgram } from './probe-graph.ts';

/** What the probe found, and how products have to be written from now on. */
export interface ProbeResult {
  readonly report: ProbeReport;
  readonly rounding: Rounding;
}

type Difference = NonNullable<ProbeReport['counterexample']>;

/** Probes with plain products, and with the barrier where those fail. */
export async function probeDevice(device: Device): Promise<ProbeResult> {
  const program = probeProgram();
  const expected = interpretExactly(program.graph, program.feeds, ops);
  const values = Object.values(expected).reduce((sum, each) => sum + each.length, 0);
  const plain = await differences(device, program, expected, 'plain');
  if (plain.length === 0) return { rounding: 'plain', report: { verdict: 'exact', values, wrong: 0 } };
  const barrier = await differences(device, program, expected, 'barrier');
  const verdict = barrier.length === 0 ? 'exact with barrier' : 'tolerance';
  const [counterexample] = barrier.length === 0 ? plain : barrier;
  const wrong = (barrier.length === 0 ? plain : barrier).length;
  return { rounding: 'barrier', report: { verdict, values, wrong, ...(counterexample && { counterexample }) } };
}

async function differences(
  device: Device,
  { graph, feeds }: ProbeProgram,
  expected: Readonly<Record<string, CanonicalArray>>,
  rounding: Rounding,
): Promise<readonly Difference[]> {
  const plan = planExact(graph, { ops, traits: device.traits, rounding });
  const actual = await runPlan(device, graph, plan, feeds);
  return graph.outputs.flatMap(({ name }, index) => compare(name, expected[name]!, actual[index]!));
}

/** The elements whose bits differ. */
function compare(output: string, expected: CanonicalArray, actual: CanonicalArray): Difference[] {
  const [should, is] = [bitsOf(expected), bitsOf(actual)];
  return Array.from(expected).flatMap((value, element) =>
    should[element] === is[element]
      ? []
      : [{ output, element, expected: value, actual: actual[element] ?? Number.NaN }],
  );
}

const bitsOf = ({ buffer, byteOffset, length }: CanonicalArray): Int32Array =>
  new Int32Array(buffer, byteOffset, length);
