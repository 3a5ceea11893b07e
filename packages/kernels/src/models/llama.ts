/**
 * Llama's decoder (Touvron et al., 2023), its parameters under the names and in the layouts, [out, in], in which Hugging
 * Face's `LlamaForCausalLM` saves them. Activations are [batch·block, width] but inside attention, where queries are
 * [batch, heads, block, d] and keys and values [batch, kvHeads, block, d] with d = width / heads.
 */
import type { ValueId } from '../graph/graph.ts';
import { silu } from '../ops/composites.ts';
import type { CheckpointNames } from './checkpoint-names.ts';
import type { Initialiser } from './initialise.ts';
import { attend, decoder, HEAD, normal, tokenHead, towardsResidual } from './language.ts';
import { dropout, type Layer, residual, type Scope, sequential } from './layer.ts';
import type { Model } from './model.ts';
import type { LlamaSpec } from './spec.ts';

const TOKENS = 'model.embed_tokens.weight';

/** tokens i32 [batch, block] → [batch·block, width]. */
const embedding = ({ vocab, width, block }: LlamaSpec): Layer => ({
  parameters: [{ name: TOKENS, shape: [vocab, width], decay: true, initialiser: normal() }],
  apply: ({ emit, batch, parameter }, tokens) =>
    emit.apply('reshape', [emit.apply('gather', [parameter(TOKENS), tokens])], { shape: [batch * block, width] }),
});

/** x [n, inputs] · weightᵀ, weight [outputs, inputs]. */
const linear = (name: string, inputs: number, outputs: number, initialiser: Initialiser = normal()): Layer => ({
  parameters: [{ name: `${name}.weight`, shape: [outputs, inputs], decay: true, initialiser }],
  apply: ({ emit, parameter }, x) =>
    emit.apply('matmul', [x, parameter(`${name}.weight`)], { transposeA: false, transposeB: true }),
});

const rmsNorm = (name: string, { width, epsilon }: LlamaSpec): Layer => ({
  parameters: [{ name: `${name}.weight`, shape: [width], decay: false, initialiser: { kind: 'constant', value: 1 } }],
  apply: ({ emit, parameter }, x) => emit.apply('rmsNorm', [x, parameter(`${name}.weight`)], { epsilon }),
});

/** [batch·block, heads·d] → [batch, heads, block, d]. */
function heads({ emit, batch }: Scope, x: ValueId, count: number, { block, width, heads: all }: LlamaSpec): ValueId {
  const apart = emit.apply('reshape', [x], { shape: [batch, block, count, width / all] });
  return emit.apply('transpose', [apart], { permutation: [0, 2, 1, 3] });
}

function attention(name: string, spec: LlamaSpec): Layer {
  const { width, layers, kvHeads, block, theta } = spec;
  const size = width / spec.heads;
  const [q, k, v] = [
    linear(`${name}.q_proj`, width, width),
    linear(`${name}.k_proj`, width, kvHeads * size),
    linear(`${name}.v_proj`, width, kvHeads * size),
  ];
  const output = linear(`${name}.o_proj`, width, width, towardsResidual(layers));
  return {
    parameters: [q, k, v, output].flatMap(({ parameters }) => parameters),
    apply: (scope, x) => {
      const { emit } = scope;
      const table = emit.apply('rotaryTable', [], { length: block, size, theta });
      const turned = (value: ValueId): ValueId => emit.apply('rotary', [value, table], { inverse: false });
      const queries = turned(heads(scope, q.apply(scope, x), spec.heads, spec));
      const keys = turned(heads(scope, k.apply(scope, x), kvHeads, spec));
      const values = heads(scope, v.apply(scope, x), kvHeads, spec);
      return output.apply(scope, attend(scope, [queries, keys, values], spec));
    },
  };
}

/** SwiGLU (Shazeer, 2020): down(silu(gate(x)) ⊙ up(x)). */
function gated(name: string, { width, inner, layers }: LlamaSpec): Layer {
  const [gate, up] = [linear(`${name}.gate_proj`, width, inner), linear(`${name}.up_proj`, width, inner)];
  const down = linear(`${name}.down_proj`, inner, width, towardsResidual(layers));
  return {
    parameters: [gate, up, down].flatMap(({ parameters }) => parameters),
    apply: (scope, x) => {
      const opened = silu(scope.emit, gate.apply(scope, x));
      return down.apply(scope, scope.emit.apply('mul', [opened, up.apply(scope, x)]));
    },
  };
}

const block = (name: string, spec: LlamaSpec): Layer =>
  sequential(
    residual(
      sequential(rmsNorm(`${name}.input_layernorm`, spec), attention(`${name}.self_attn`, spec), dropout(spec.dropout)),
    ),
    residual(
      sequential(rmsNorm(`${name}.post_attention_layernorm`, spec), gated(`${name}.mlp`, spec), dropout(spec.dropout)),
    ),
  );

/** Older checkpoints hold the rotary frequencies as buffers; `LlamaModel` saves without the prefix. */
const checkpoint = ({ tied }: LlamaSpec): CheckpointNames => ({
  prefix: 'model.',
  buffers: /^(model\.)?layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/,
  copies: tied ? { [HEAD]: TOKENS } : {},
});

export const llama = (spec: LlamaSpec): Model =>
  decoder(
    spec,
    sequential(
      embedding(spec),
      dropout(spec.dropout),
      ...Array.from({ length: spec.layers }, (_, index) => block(`model.layers.${index}`, spec)),
      rmsNorm('model.norm', spec),
      tokenHead(spec, spec.tied, TOKENS),
    ),
    checkpoint(spec),
  );
