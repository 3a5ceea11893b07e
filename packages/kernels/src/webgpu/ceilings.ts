/**
 * What an adapter can do at most, measured: multiply-adds with no loads, and a copy. Both try a few shapes of the same
 * work, since no single one suits every adapter, and keep the fastest. Fractions of peak are fractions of these.
 */

/** One measurable limit of an adapter. */
export interface Ceiling {
  /** FLOPs, or bytes read and written, of one run. */
  readonly amount: number;
  /** Runs it `times` times and resolves when the adapter is done. */
  run(times: number): Promise<void>;
  close(): void;
}

export interface CeilingOptions {
  /** A CPU plays the GPU: less work fills it. */
  readonly software: boolean;
}

const LANES = 64;
/** Steps of the inner loop between two looks at its counter. */
const UNROLLED = 8;
/** Independent sums of four lanes each: too few leave the units idle, too many spill registers. */
const SUM_COUNTS = [1, 2, 3, 4, 8] as const;
/** A timed run lasts at least so long, so that submitting and waiting do not count. */
const LEAST_MILLIS = 8;

/** Multiply-adds: FLOPs of the fastest variant on `device`. */
export async function openFlopsCeiling(device: GPUDevice, { software }: CeilingOptions): Promise<Ceiling> {
  const groups = software ? 128 : 4096;
  const variants = SUM_COUNTS.map((sums) => new MultiplyAdds(device, sums, groups));
  return fastest(variants);
}

/** A copy of a buffer too large for caches: bytes read and written. */
export async function openBytesCeiling(device: GPUDevice, { software }: CeilingOptions): Promise<Ceiling> {
  const wanted = (software ? 64 : 256) * 2 ** 20;
  const bytes = Math.min(wanted, device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [from, to] = [device.createBuffer({ size: bytes, usage }), device.createBuffer({ size: bytes, usage })];
  const variants: Ceiling[] = [
    new CopyKernel(device, from, to, 'f32'),
    new CopyKernel(device, from, to, 'vec4f'),
    copyCommand(device, from, to),
  ];
  const best = await fastest(variants);
  return {
    amount: best.amount,
    run: (times) => best.run(times),
    close: () => {
      from.destroy();
      to.destroy();
    },
  };
}

/** The variant of the highest rate; each is run twice, the first time to compile it. The others are closed. */
async function fastest(variants: readonly Ceiling[]): Promise<Ceiling> {
  const rates: number[] = [];
  for (const variant of variants) {
    await variant.run(1);
    const started = performance.now();
    await variant.run(2);
    rates.push(variant.amount / (performance.now() - started));
  }
  const best = rates.indexOf(Math.max(...rates));
  variants.forEach((variant, index) => {
    if (index !== best) variant.close();
  });
  return variants[best]!;
}

class MultiplyAdds implements Ceiling {
  readonly #device: GPUDevice;
  readonly #sums: number;
  readonly #groups: number;
  readonly #settings: GPUBuffer;
  readonly #result: GPUBuffer;
  readonly #pipeline: GPUComputePipeline;
  readonly #bindings: GPUBindGroup;
  #rounds = 0;

  constructor(device: GPUDevice, sums: number, groups: number) {
    [this.#device, this.#sums, this.#groups] = [device, sums, groups];
    this.#settings = device.createBuffer({ size: 16, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    this.#result = device.createBuffer({ size: groups * LANES * 4, usage: GPUBufferUsage.STORAGE });
    this.#pipeline = pipelineOf(device, multiplyAddSource(sums));
    this.#bindings = bind(device, this.#pipeline, [this.#settings, this.#result]);
  }

  get amount(): number {
    return 2 * 4 * this.#sums * UNROLLED * this.#rounds * this.#groups * LANES;
  }

  async run(times: number): Promise<void> {
    if (this.#rounds === 0) await this.#calibrate();
    await submit(this.#device, (encoder) => dispatch(encoder, this.#pipeline, this.#bindings, this.#groups, times));
  }

  /** Doubles the work until it lasts long enough to be timed. */
  async #calibrate(): Promise<void> {
    this.#write(4);
    await this.run(1);
    for (let rounds = 16; rounds <= 2 ** 20; rounds *= 2) {
      this.#write(rounds);
      const started = performance.now();
      await this.run(1);
      if (performance.now() - started >= LEAST_MILLIS) return;
    }
  }

  #write(rounds: number): void {
    this.#rounds = rounds;
    // A factor below 1 keeps the sums bounded, and away from denormals.
    const settings = new Float32Array([0, 0.96875, 0.03125, 0]);
    new Uint32Array(settings.buffer)[0] = rounds;
    this.#device.queue.writeBuffer(this.#settings, 0, settings);
  }

  close(): void {
    this.#settings.destroy();
    this.#result.destroy();
  }
}

function multiplyAddSource(sums: number): string {
  const each = (line: (sum: string) => string) =>
    Array.from({ length: sums }, (_, index) => line(`s${index}`)).join('\n');
  const step = each((sum) => `${sum} = ${sum} * factor + term;`);
  return `struct Settings { rounds: u32, factor: f32, term: f32, unused: u32 }
@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u) {
let factor = vec4f(settings.factor);
let term = vec4f(settings.term);
${each((sum) => `var ${sum} = vec4f(f32(id.x & 7u)) + f32(${sum.slice(1)});`)}
for (var round = 0u; round < settings.rounds; round++) {
${Array.from({ length: UNROLLED }, () => step).join('\n')}
}
var total = vec4f(0.0);
${each((sum) => `total += ${sum};`)}
result[id.x] = total.x + total.y + total.z + total.w;
}`;
}

class CopyKernel implements Ceiling {
  readonly amount: number;
  readonly #device: GPUDevice;
  readonly #pipeline: GPUComputePipeline;
  readonly #bindings: GPUBindGroup;
  readonly #groups: number;

  constructor(device: GPUDevice, from: GPUBuffer, to: GPUBuffer, element: 'f32' | 'vec4f') {
    this.amount = 2 * from.size;
    this.#device = device;
    const elements = from.size / (element === 'f32' ? 4 : 16);
    // A grid of fixed width whose lanes stride through the buffer, so that one dimension of workgroups is enough.
    this.#groups = Math.min(Math.ceil(elements / LANES), 16_384);
    this.#pipeline = pipelineOf(device, copySource(element));
    this.#bindings = bind(device, this.#pipeline, [from, to]);
  }

  run(times: number): Promise<void> {
    return submit(this.#device, (encoder) => dispatch(encoder, this.#pipeline, this.#bindings, this.#groups, times));
  }

  close(): void {}
}

const copySource = (element: string): string => `
@group(0) @binding(0) var<storage, read> origin: array<${element}>;
@group(0) @binding(1) var<storage, read_write> copy: array<${element}>;
@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
for (var index = id.x; index < arrayLength(&origin); index += groups.x * ${LANES}u) { copy[index] = origin[index]; }
}`;

const copyCommand = (device: GPUDevice, from: GPUBuffer, to: GPUBuffer): Ceiling => ({
  amount: 2 * from.size,
  run: (times) =>
    submit(device, (encoder) => {
      for (let run = 0; run < times; run++) encoder.copyBufferToBuffer(from, 0, to, 0, from.size);
    }),
  close: () => {},
});

const pipelineOf = (device: GPUDevice, code: string): GPUComputePipeline =>
  device.createComputePipeline({ layout: 'auto', compute: { module: device.createShaderModule({ code }) } });

function bind(device: GPUDevice, pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[]): GPUBindGroup {
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  return device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
}

function dispatch(
  encoder: GPUCommandEncoder,
  pipeline: GPUComputePipeline,
  bindings: GPUBindGroup,
  groups: number,
  times: number,
): void {
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  for (let run = 0; run < times; run++) pass.dispatchWorkgroups(groups);
  pass.end();
}

async function submit(device: GPUDevice, record: (encoder: GPUCommandEncoder) => void): Promise<void> {
  const encoder = device.createCommandEncoder();
  record(encoder);
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}
