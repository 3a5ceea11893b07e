/**
 * Adapters that fuse products into sums, played on one that does not: shaders are rewritten on their way into the device. The
 * emulated fused product is exact before its one rounding (Dekker's product and Knuth's sum), as a real one is.
 */

/** A rewriting of WGSL source. */
export type ShaderTransform = (code: string) => string;

/**
 * `gpu`, whose devices see shaders only as `transform` gives them. Without subgroups, whose kernels are long: the emulated
 * product makes them longer than a driver compiles in reasonable time.
 */
export function withShaders(gpu: GPU, transform: ShaderTransform): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await gpu.requestAdapter(options);
    if (adapter === null) return null;
    const features = new Set([...adapter.features].filter((feature) => feature !== 'subgroups'));
    Object.defineProperty(adapter, 'features', { value: features });
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const device = await requestDevice(descriptor);
      const create = device.createShaderModule.bind(device);
      device.createShaderModule = (module) => create({ ...module, code: transform(module.code) });
      return device;
    };
    return adapter;
  };
  return { requestAdapter } as GPU;
}

const FUSED = `
fn upper(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }
fn fused(x: f32, y: f32, z: f32) -> f32 {
  let product = apart(x * y);
  let xh = upper(x); let xl = apart(x - xh); let yh = upper(y); let yl = apart(y - yh);
  let low = apart(apart(apart(apart(apart(xh * yh) - product) + apart(xh * yl)) + apart(xl * yh)) + apart(xl * yl));
  let sum = apart(product + z);
  let part = apart(sum - product);
  let rest = apart(apart(product - apart(sum - part)) + apart(z - part));
  return sum + apart(rest + low);
}
fn fused4(x: vec4f, y: vec4f, z: vec4f) -> vec4f {
  return vec4f(fused(x.x, y.x, z.x), fused(x.y, y.y, z.y), fused(x.z, y.z, z.z), fused(x.w, y.w, z.w));
}
`;

const fusing =
  (pattern: RegExp): ShaderTransform =>
  (code) => {
    const rewritten = code.replaceAll(pattern, 't = fused4(vec4f($1), $2, t);');
    return rewritten === code ? code : rewritten.replace('@compute', `${FUSED}\n@compute`);
  };

/** Contracts `t + a · b` wherever it stands, as a compiler does. */
export const contracting: ShaderTransform = fusing(/t = t \+ ([^;()]+) \* (\w+);/g);

/** Sees through the barrier too. */
export const contractingThroughBarriers: ShaderTransform = (code) =>
  fusing(/t = t \+ apart4\(([^;]+) \* (\w+)\);/g)(contracting(code));
