/** `@murmuration/kernels/webgpu-node`: the WebGPU backend on Dawn, in a thread of its own. */
export { openAdapterBench, type AdapterBench, type BenchedWork } from './adapter-bench.ts';
export { createWebGpuBackend, listAdapters } from './create-backend.ts';
