/** Which backend `auto` means: a pure decision over what was found and measured, with its reason. */
import type { AdapterInfo } from './backend.ts';

/** What is known of WebGPU on this machine when the decision is made. */
export type WebGpuFinding =
  | { readonly found: false; readonly reason: string }
  | { readonly found: true; readonly adapter: AdapterInfo };

export interface BackendChoice {
  /** `measure`: a real GPU is there, so one step on each decides. */
  readonly choice: 'onnx' | 'measure';
  /** One sentence for whoever reads the log. */
  readonly reason: string;
}

export function chooseBackend(webgpu: WebGpuFinding): BackendChoice {
  if (!webgpu.found) return { choice: 'onnx', reason: `no WebGPU adapter: ${webgpu.reason}` };
  const { adapter } = webgpu;
  return adapter.kind === 'gpu'
    ? { choice: 'measure', reason: `${adapter.name} is a GPU` }
    : { choice: 'onnx', reason: `the only WebGPU adapter, ${adapter.name}, runs on the CPU` };
}

/** Which of two is the faster, from milliseconds of one step on each, or from the words in which the GPU failed it. */
export function fasterOf(
  { name }: AdapterInfo,
  gpu: number | string,
  cpuMillis: number,
): { readonly winner: 'gpu' | 'cpu'; readonly reason: string } {
  if (typeof gpu === 'string') return { winner: 'cpu', reason: `${name} failed a step: ${gpu}` };
  const reason = `a step takes ${gpu.toFixed(1)} ms on ${name} and ${cpuMillis.toFixed(1)} ms on the CPU`;
  return { winner: gpu <= cpuMillis ? 'gpu' : 'cpu', reason };
}
