/** Exits with 0 where Dawn finds an adapter in this process's environment, with 1 where it does not. */
import { openGpu } from '../src/webgpu/node/open-gpu.ts';

const adapter = await (await openGpu()).requestAdapter();
process.exit(adapter === null ? 1 : 0);
