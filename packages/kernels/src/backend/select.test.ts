/** Which backend a worker gets, and what it is told where it cannot have the one it asked for. */
import { afterEach, describe, expect, it } from 'vitest';
import { buildStepProgram } from '../models/build-step-program.ts';
import type { AdapterInfo, Backend, BackendName } from './backend.ts';
import { chooseBackend, fasterOf } from './choose-backend.ts';
import { BackendUnavailableError, OnnxRuntimeError } from './errors.ts';
import { fitForNumerics } from './fit-numerics.ts';
import { selectBackend, type BackendOpeners } from './select.ts';

const program = buildStepProgram({ type: 'mlp', inputs: 3, hidden: [], outputs: 2, activation: 'relu' }, 2);
const adapter = (kind: AdapterInfo['kind']): AdapterInfo => ({ name: `a ${kind}`, kind, class: 'tolerance' });
const closed: BackendName[] = [];
afterEach(() => closed.splice(0));

/** A backend whose steps fail if `fails`, and do nothing otherwise. */
function fake(name: BackendName, kind: AdapterInfo['kind'], fails = false): Backend {
  const accumulate = async () => {
    if (fails) throw new OnnxRuntimeError({ doing: 'it pretended', cause: 'no' });
    return { lossSum: 0 };
  };
  return {
    name,
    adapter: adapter(kind),
    compile: async () => ({
      accumulate,
      load: async () => {},
      drain: async () => {},
      close: async () => {},
      evaluate: async () => ({ lossSum: 0, correct: 0, predictions: 0 }),
    }),
    close: async () => {
      closed.push(name);
    },
  };
}

const onnx = async () => fake('onnx', 'cpu');
const exact = async () => fake('exact', 'cpu');
const unavailable = async () => {
  throw new BackendUnavailableError({ backend: 'webgpu', reason: 'no driver', mend: 'Install one.' });
};
const auto = (webgpu: BackendOpeners['webgpu']) =>
  selectBackend({ requested: 'auto', openers: { webgpu, onnx, exact } });

describe('chooseBackend', () => {
  it('takes the CPU where there is no adapter, or one that a CPU plays', () => {
    expect(chooseBackend({ found: false, reason: 'no driver' })).toEqual({
      choice: 'onnx',
      reason: 'no WebGPU adapter: no driver',
    });
    expect(chooseBackend({ found: true, adapter: adapter('software') }).choice).toBe('onnx');
  });

  it('wants figures where there is a GPU', () => {
    expect(chooseBackend({ found: true, adapter: adapter('gpu') }).choice).toBe('measure');
  });
});

describe('fasterOf', () => {
  it('takes the faster, and the CPU where the GPU failed', () => {
    expect(fasterOf(adapter('gpu'), 2, 3).winner).toBe('gpu');
    expect(fasterOf(adapter('gpu'), 4, 3)).toEqual({
      winner: 'cpu',
      reason: 'a step takes 4.0 ms on a gpu and 3.0 ms on the CPU',
    });
    expect(fasterOf(adapter('gpu'), 'no kernel', 0)).toEqual({
      winner: 'cpu',
      reason: 'a gpu failed a step: no kernel',
    });
  });
});

describe('selectBackend', () => {
  it('goes on without WebGPU and says why, without the advice', async () => {
    const { name, reason } = await auto(unavailable);
    expect([name, reason]).toEqual(['onnx', 'no WebGPU adapter: The backend webgpu is not available here: no driver']);
  });

  it('takes onnx at once beside a software adapter, and closes that', async () => {
    const { name } = await auto(async () => fake('webgpu', 'software'));
    expect([name, closed]).toEqual(['onnx', ['webgpu']]);
  });

  it('measures beside a GPU when it first compiles, keeps the winner and closes the loser', async () => {
    const backend = await auto(async () => fake('webgpu', 'gpu'));
    expect([backend.name, backend.reason, closed]).toEqual(['webgpu', 'a gpu is a GPU', []]);
    await backend.compile(program);
    expect(backend.reason).toMatch(/^a step takes [\d.]+ ms on a gpu and [\d.]+ ms on the CPU$/);
    const decided = [...closed];
    expect(decided).toEqual(backend.name === 'webgpu' ? ['onnx'] : ['webgpu']);
    await backend.compile(program);
    expect(closed).toEqual(decided);
    await backend.close();
    expect(closed.toSorted()).toEqual(['onnx', 'webgpu']);
  });

  it('closes both where nothing was ever compiled', async () => {
    await (await auto(async () => fake('webgpu', 'gpu'))).close();
    expect(closed.toSorted()).toEqual(['onnx', 'webgpu']);
  });

  it('takes onnx where the GPU fails the job', async () => {
    const backend = await auto(async () => fake('webgpu', 'gpu', true));
    await backend.compile(program);
    expect([backend.name, backend.adapter.kind, closed]).toEqual(['onnx', 'cpu', ['webgpu']]);
    expect(backend.reason).toContain('it pretended');
  });

  it('takes exact where onnxruntime does not load, and says both reasons', async () => {
    const { name, reason } = await selectBackend({
      requested: 'auto',
      openers: { webgpu: unavailable, onnx: unavailable, exact },
    });
    expect([name, reason.match(/no driver/g)?.length]).toEqual(['exact', 2]);
  });

  it('does not replace a backend that was asked for by name', async () => {
    const openers = { webgpu: unavailable, onnx, exact };
    await expect(selectBackend({ requested: 'webgpu', openers })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      mend: 'Install one.',
    });
    expect((await selectBackend({ requested: 'exact', openers })).name).toBe('exact');
    expect((await selectBackend({ requested: 'onnx', openers })).reason).toBe('onnx was asked for');
  });

  it('lets faults that are no answers of a backend through', async () => {
    await expect(
      auto(async () => {
        throw new TypeError('a bug');
      }),
    ).rejects.toThrow('a bug');
  });

  it('closes an adapter of the tolerance class where numerics are exact, and says why', async () => {
    await expect(fitForNumerics(fake('webgpu', 'gpu'), 'exact')).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('a gpu rounds in other ways'),
    });
    expect(closed).toEqual(['webgpu']);
    expect((await fitForNumerics(fake('webgpu', 'gpu'), 'fast')).name).toBe('webgpu');
  });

  it('refuses onnxruntime for exact numerics by name', async () => {
    await expect(selectBackend({ requested: 'onnx', numerics: 'exact' })).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('exact numerics'),
    });
    expect((await selectBackend({ requested: 'exact', numerics: 'exact' })).adapter.class).toBe('exact');
  });
});
