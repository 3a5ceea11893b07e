/** WebGPU in exact numerics as a worker uses it: the suite of every backend. */
import { describeBackend } from '../../backend/conformance.ts';
import { ops } from '../../ops/index.ts';
import { createWebGpuBackend } from '../node/create-backend.ts';

describeBackend({
  name: 'webgpu, exact',
  open: () => createWebGpuBackend({ numerics: 'exact' }),
  numerics: 'exact',
  offers: (op) => ops[op]?.exact !== undefined || ops[op]?.expand !== undefined,
});
