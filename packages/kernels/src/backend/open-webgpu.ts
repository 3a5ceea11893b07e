/** The WebGPU backend in Node. Dawn is loaded in a thread of its own, so that a machine without it, or without a driver, runs everything else. */
import { createWebGpuBackend } from '../webgpu/node/index.ts';
import type { Backend } from './backend.ts';

/** @throws AdapterNotFoundError, which says what to install */
export const openWebGpu = (): Promise<Backend> => createWebGpuBackend();
