/** Which backend `auto` means: a pure decision over what was found and measured, with its reason. */
import type { AdapterInfo, BackendName } from './backend.ts';

/** What is known of WebGPU on this machine when the decision is made. */
export type WebGpuFinding =
  | { readonly found: false; readonly reason: string }
  | { readonly found: true; readonly adapter: AdapterInfo; readonly stepMillis?: number };

export interface BackendChoice {
  /** `measure`: a real GPU is there, so one step on each decides. */
  readonly choice: BackendName | 'measure';
  /** One sentence for whoever reads the log. */
  readonly reason: string;
}

/** @param onnxMillis milliseconds of one step on the CPU, once measured */
export function chooseBackend(webgpu: WebGpuFinding, onnxMillis?: number): BackendChoice {
  if (!webgpu.found) return { choice: 'onnx', reason: `no WebGPU adapter: ${webgpu.reason}` };
  const { adapter, stepMillis } = webgpu;
  if (adapter.kind !== 'gpu')
    return { choice: 'onnx', reason: `the only WebGPU adapter, ${adapter.name}, runs on the CPU` };
  if (stepMillis === undefined || onnxMillis === undefined)
    return { choice: 'measure', reason: `${adapter.name} is a GPU` };
  const figures = `a step takes ${stepMillis.toFixed(1)} ms on ${adapter.name} and ${onnxMillis.toFixed(1)} ms on the CPU`;
  return { choice: stepMillis <= onnxMillis ? 'webgpu' : 'onnx', reason: figures };
}
