/** The WebGPU backend in this thread, as a browser runs it. */
import { describeBackend } from '../backend/conformance.ts';
import { openWebGpuBackend } from './backend.ts';
import { openGpu } from './node/open-gpu.ts';

describeBackend({ name: 'webgpu', open: async () => openWebGpuBackend(await openGpu()) });
