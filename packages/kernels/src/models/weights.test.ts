/** Checkpoints written by another program (`fixtures/write_checkpoints.py`) load as they are and give its logits. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { interpret } from '../graph/interpret.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import { decodeSafetensors, SafetensorsError, type StoredTensor, type StoredTensors } from '../safetensors/index.ts';
import { mutatedFiles } from '../safetensors/mutate.testing.ts';
import { buildStepProgram } from './build-step-program.ts';
import { WeightsMismatchError } from './errors.ts';
import type { ModelSpec } from './spec.ts';
import { parametersFromWeights } from './weights.ts';

interface Recorded {
  readonly sizes: Readonly<Record<string, number>>;
  readonly tokens: readonly number[];
  readonly logits: readonly number[];
}

function fixture(name: string): { weights: StoredTensors; recorded: Recorded } {
  const path = new URL(`../../fixtures/${name}`, import.meta.url);
  return {
    weights: decodeSafetensors(readFileSync(new URL(`${path}.safetensors`)), name),
    recorded: JSON.parse(readFileSync(new URL(`${path}.json`), 'utf8')) as Recorded,
  };
}

/** Logits of the float64 reference for a checkpoint's weights. */
function logitsOf(spec: ModelSpec, weights: StoredTensors, tokens: readonly number[], batch: number): Float64Array {
  const { infer, layout } = buildStepProgram(spec, batch);
  const parameters = parameterViews(layout, parametersFromWeights({ spec, weights, file: 'm', seed: 1 }));
  return interpret(infer, { ...parameters, tokens })['logits'] ?? new Float64Array();
}

const worst = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce((most, value, index) => Math.max(most, Math.abs(value - (a[index] ?? Number.NaN))), 0);

const gpt2 = fixture('gpt2');
const gpt: ModelSpec = {
  type: 'gpt',
  tied: true,
  ...(gpt2.recorded.sizes as Record<'vocab' | 'layers' | 'heads' | 'width' | 'block', number>),
};
const renamed = (weights: StoredTensors, rename: (tensor: StoredTensor) => StoredTensor[]): StoredTensors => ({
  ...weights,
  tensors: weights.tensors.flatMap(rename),
});

describe('a GPT-2 checkpoint of another program', () => {
  it('gives that program’s logits in the float64 reference', () => {
    const logits = logitsOf(gpt, gpt2.weights, gpt2.recorded.tokens, 2);
    expect(logits).toHaveLength(gpt2.recorded.logits.length);
    expect(worst(logits, gpt2.recorded.logits)).toBeLessThan(1e-10);
  });

  it('has exactly the names and shapes that this model trains, but for buffers and the tied head', () => {
    const { layout } = buildStepProgram(gpt, 1);
    const stored = gpt2.weights.tensors
      .filter(({ name }) => !/lm_head|\.attn\.(bias|masked_bias)$/.test(name))
      .map(({ name, shape }) => [name, shape]);
    expect(new Map(stored as [string, number[]][])).toEqual(
      new Map(layout.slots.map(({ name, shape }) => [name, shape])),
    );
  });

  it('may come without the prefix, without buffers and without a head of its own', () => {
    const bare = renamed(gpt2.weights, (tensor) =>
      tensor.name.startsWith('transformer.') && tensor.dtype === 'F32' && !tensor.name.endsWith('masked_bias')
        ? [{ ...tensor, name: tensor.name.slice('transformer.'.length) }]
        : [],
    );
    expect(logitsOf(gpt, bare, gpt2.recorded.tokens, 2)).toEqual(logitsOf(gpt, gpt2.weights, gpt2.recorded.tokens, 2));
  });
});

describe('a Llama checkpoint of another program', () => {
  const { weights, recorded } = fixture('llama');
  const { kv_heads: kvHeads = 0, ...sizes } = recorded.sizes;
  const spec = { type: 'llama', tied: false, block: 9, kvHeads, ...sizes } as ModelSpec;

  it('gives that program’s logits in the float64 reference', () => {
    const logits = logitsOf(spec, weights, recorded.tokens, 2);
    expect(logits).toHaveLength(recorded.logits.length);
    expect(worst(logits, recorded.logits)).toBeLessThan(1e-10);
  });

  it('has exactly the names and shapes that this model trains', () => {
    const { layout } = buildStepProgram(spec, 1);
    const stored = weights.tensors.map(({ name, shape }) => [name, shape] as const);
    expect(new Map(stored)).toEqual(new Map(layout.slots.map(({ name, shape }) => [name, shape])));
  });
});

describe('weights of another model', () => {
  const load = (weights: StoredTensors, spec: ModelSpec = gpt) =>
    parametersFromWeights({ spec, weights, file: 'gpt2.safetensors', seed: 1 });

  it('are refused with all that is missing, unknown and different', () => {
    const changed = renamed(gpt2.weights, (tensor) => {
      if (tensor.name === 'transformer.ln_f.bias') return [{ ...tensor, name: 'transformer.ln_g.bias' }];
      return tensor.name === 'transformer.wpe.weight' ? [{ ...tensor, shape: [12, 7] }] : [tensor];
    });
    expect(() => load(changed)).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_MISMATCH',
        mismatch: {
          missing: ['transformer.ln_f.bias'],
          unknown: ['transformer.ln_g.bias'],
          different: ['transformer.wpe.weight is [12,7] where [7,12] belongs'],
        },
      }) as Error,
    );
  });

  it('are refused when a tied head is not the embedding', () => {
    const untied = renamed(gpt2.weights, (tensor) =>
      tensor.name === 'lm_head.weight' ? [{ ...tensor, data: tensor.data.map((byte) => byte ^ 1) }] : [tensor],
    );
    expect(() => load(untied)).toThrow(/lm_head.weight is not transformer.wte.weight, to which this model ties it/);
    expect(() => load(untied, { ...gpt, tied: false })).not.toThrow();
  });

  it('are refused when a tensor is there twice, or holds no floats', () => {
    const twice = renamed(gpt2.weights, (tensor) =>
      tensor.name === 'transformer.wte.weight' ? [tensor, { ...tensor, name: 'wte.weight' }] : [tensor],
    );
    expect(() => load(twice)).toThrow(/transformer.wte.weight is there with its prefix and without/);
    const integers = renamed(gpt2.weights, (tensor) => [{ ...tensor, dtype: 'I32' }]);
    expect(() => load(integers)).toThrow(/I32 is not one of F32, F16, BF16/);
  });

  it('are refused when an element is not a finite number', () => {
    const broken = renamed(gpt2.weights, (tensor) => {
      if (tensor.name !== 'transformer.wpe.weight') return [tensor];
      const values = new Float32Array(new Uint8Array(tensor.data).buffer).with(5, Number.NaN);
      return [{ ...tensor, data: new Uint8Array(values.buffer) }];
    });
    expect(() => load(broken)).toThrow(/different: transformer.wpe.weight is NaN at element 5/);
  });

  it('name a few of many tensors', () => {
    expect(() => load({ tensors: [], metadata: {} })).toThrow(/missing: transformer.wte.weight.* and 20 more\. Make/);
  });
});

describe('4,000 damaged checkpoints', () => {
  it('load, or are refused by name', () => {
    const original = readFileSync(new URL('../../fixtures/gpt2.safetensors', import.meta.url));
    const codes = new Map<string, number>();
    for (const bytes of mutatedFiles(original, 4000, 7)) {
      let code = 'loaded';
      try {
        parametersFromWeights({ spec: gpt, weights: decodeSafetensors(bytes, 'm'), file: 'm', seed: 1 });
      } catch (error) {
        if (!(error instanceof SafetensorsError || error instanceof WeightsMismatchError)) throw error;
        ({ code } = error);
      }
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].toSorted()).toEqual(['SAFETENSORS', 'WEIGHTS_MISMATCH', 'loaded']);
  });
});
