/** A plan bound to a device's buffers: what is needed to launch its kernels again and again. */
import type { Device, Pipeline } from './device.ts';
import { BindingTooLargeError } from './errors.ts';
import type { ByteRange } from './lowering.ts';
import type { Plan, TensorId } from './plan.ts';
import { splitWorkgroups, uniformBytes } from './shader.ts';
import type { StripTextures } from './strips.ts';

/** Launches ready to be put into a compute pass. */
export interface Recording {
  readonly launches: readonly Launch[];
  record(encoder: GPUCommandEncoder): void;
  close(): void;
}

/** One call of a plan, bound to its buffers. */
export interface Launch {
  readonly label: string;
  /** The first line of the kernel's key. */
  readonly kernel: string;
  readonly workgroups: number;
  /** Of the kernel: launches with equal keys share a pipeline. */
  readonly key: string;
  /** Brings operands to where the kernel reads them, which cannot be done within a pass; there where it has to be. */
  readonly prepare: ((encoder: GPUCommandEncoder) => void) | undefined;
  /** @param counts holds the workgroups to launch instead of all of them */
  record(pass: GPUComputePassEncoder, counts?: GPUBuffer): void;
}

/** Where a tensor lies. */
export type Placement = (tensor: TensorId) => GPUBufferBinding;

/** The pipelines of all of a plan's kernels, compiled together. */
export function pipelinesOf(device: Device, { calls }: Plan): Promise<readonly Pipeline[]> {
  return Promise.all(calls.map(({ kernel }) => device.pipeline(kernel)));
}

/** Where a plan's tensors lie, and the textures for operands in strips. */
export interface Places {
  readonly placement: Placement;
  readonly textures: StripTextures;
}

/** Binds each call of a plan. All sizes go into one uniform buffer, a slice a call, since they never change. */
export function bindCalls(
  device: Device,
  { calls }: Plan,
  pipelines: readonly Pipeline[],
  { placement, textures }: Places,
): Recording {
  const blocks = calls.map(({ kernel, uniforms }) => uniformBytes(kernel, uniforms));
  const { starts, end } = sliceStarts(calls, device.alignment);
  const uniforms = device.buffer('sizes', end, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  blocks.forEach((block, call) => device.write(uniforms, starts[call]!, block));
  const launches = calls.map((call, index): Launch => {
    const { pipeline, layout } = pipelines[index]!;
    const dims = { buffer: uniforms, offset: starts[index]!, size: blocks[index]!.byteLength };
    const parts = call.operands.map((tensor, operand) => within(placement(tensor), call.ranges?.[operand] ?? null));
    const { strips = [] } = call;
    const bound = parts.map((part, operand) => (operand < strips.length ? textures.view(operand) : part));
    const bindGroup = device.bindGroup(layout, [dims, ...bound]);
    const [across, down] = splitWorkgroups(call.workgroups, device.maxWorkgroups);
    return {
      label: call.label,
      kernel: call.kernel.key.split('\n', 1)[0]!,
      workgroups: call.workgroups,
      key: call.kernel.key,
      prepare:
        strips.length === 0
          ? undefined
          : (encoder) => strips.forEach((rows, place) => textures.fill(encoder, place, parts[place]!, rows)),
      record: (pass, counts) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        if (counts) pass.dispatchWorkgroupsIndirect(counts, 0);
        else pass.dispatchWorkgroups(across, down);
      },
    };
  });
  return {
    launches,
    record: (encoder) => recordAll(encoder, launches),
    close: () => device.release(uniforms),
  };
}

/** As few passes as there can be. */
function recordAll(encoder: GPUCommandEncoder, launches: readonly Launch[]): void {
  let pass: GPUComputePassEncoder | undefined;
  for (const { prepare, record } of launches) {
    if (prepare) {
      pass?.end();
      pass = undefined;
      prepare(encoder);
    }
    pass ??= encoder.beginComputePass();
    record(pass);
  }
  pass?.end();
}

/** A part of what is bound. */
const within = (binding: GPUBufferBinding, range: ByteRange | null): GPUBufferBinding =>
  range === null ? binding : { ...binding, offset: (binding.offset ?? 0) + range.start, size: range.size };

/** Bytes of the uniform buffer that {@link bindCalls} makes. */
export const sizesBytes = ({ calls }: Plan, alignment: number): number => sliceStarts(calls, alignment).end;

function sliceStarts(calls: Plan['calls'], alignment: number): { starts: readonly number[]; end: number } {
  let end = 0;
  const starts = calls.map(({ kernel, uniforms }) => {
    const start = end;
    end += Math.ceil(uniformBytes(kernel, uniforms).byteLength / alignment) * alignment;
    return start;
  });
  return { starts, end };
}

/** Refuses a plan with a tensor that the device cannot bind. */
export function checkSizes(device: Device, { bytes, calls }: Plan): void {
  for (const { label, operands, ranges } of calls) {
    const largest = Math.max(...operands.map((tensor, operand) => ranges?.[operand]?.size ?? bytes[tensor]!));
    if (largest <= device.maxBindingBytes) continue;
    throw new BindingTooLargeError({ tensor: `A tensor of ${label}`, bytes: largest, limit: device.maxBindingBytes });
  }
}
