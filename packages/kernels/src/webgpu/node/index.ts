/** `@murmuration/kernels/webgpu-node`: the WebGPU backend on Dawn, in a thread of its own. */
export { createWebGpuBackend, listAdapters } from './create-backend.ts';
