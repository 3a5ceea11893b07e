/**
 * GPT-2's decoder, its parameters under the names and in the layouts in which Hugging Face's `GPT2LMHeadModel` saves
 * them, so that a checkpoint of either loads in the other as it is. Between attention's products activations are
 * [batch·block, width]; inside they are [batch, heads, block, width / heads].
 */
import type { CheckpointNames } from './checkpoint-names.ts';
import { attend, decoder, HEAD, normal, tokenHead, towardsResidual } from './language.ts';
import { activation, dense, dropout, type Layer, norm, residual, type Scope, sequential, stateless } from './layer.ts';
import type { ValueId } from '../graph/graph.ts';
import type { Model } from './model.ts';
import type { GptSpec } from './spec.ts';

const TOKENS = 'transformer.wte.weight';
const POSITIONS = 'transformer.wpe.weight';

/** tokens i32 [batch, block] → [batch·block, width]. */
const embedding = ({ vocab, width, block }: GptSpec): Layer => ({
  parameters: [
    { name: TOKENS, shape: [vocab, width], decay: true, initialiser: normal() },
    { name: POSITIONS, shape: [block, width], decay: false, initialiser: normal() },
  ],
  apply: ({ emit, batch, parameter }, tokens) => {
    const rows = emit.apply('gather', [parameter(TOKENS), tokens]);
    return emit.apply('reshape', [emit.apply('add', [rows, parameter(POSITIONS)])], { shape: [batch * block, width] });
  },
});

/** qkv [batch·block, 3·width] → queries, keys and values, each [batch, heads, block, width / heads]. */
function splitHeads(
  { emit, batch }: Scope,
  qkv: ValueId,
  { heads, width, block }: GptSpec,
): [ValueId, ValueId, ValueId] {
  const head = width / heads;
  const apart = emit.apply('reshape', [qkv], { shape: [batch, block, 3, heads, head] });
  const stacked = emit.apply('transpose', [apart], { permutation: [2, 0, 3, 1, 4] });
  const part = (start: number): ValueId => {
    const one = emit.apply('slice', [stacked], { axis: 0, start, length: 1 });
    return emit.apply('reshape', [one], { shape: [batch, heads, block, head] });
  };
  return [part(0), part(1), part(2)];
}

function block(name: string, spec: GptSpec): Layer {
  const { width, layers } = spec;
  const attention = stateless((scope, qkv) => attend(scope, splitHeads(scope, qkv, spec), spec));
  return sequential(
    residual(
      sequential(
        norm(`${name}.ln_1`, width),
        dense(`${name}.attn.c_attn`, { inputs: width, outputs: 3 * width, initialiser: normal() }),
        attention,
        dense(`${name}.attn.c_proj`, { inputs: width, outputs: width, initialiser: towardsResidual(layers) }),
        dropout(spec.dropout),
      ),
    ),
    residual(
      sequential(
        norm(`${name}.ln_2`, width),
        dense(`${name}.mlp.c_fc`, { inputs: width, outputs: 4 * width, initialiser: normal() }),
        activation('gelu'),
        dense(`${name}.mlp.c_proj`, { inputs: 4 * width, outputs: width, initialiser: towardsResidual(layers) }),
        dropout(spec.dropout),
      ),
    ),
  );
}

/** Older checkpoints hold the causal mask as buffers, and a tied head once more; `GPT2Model` saves without the prefix. */
const checkpoint = ({ tied }: GptSpec): CheckpointNames => ({
  prefix: 'transformer.',
  buffers: /^(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)$/,
  copies: tied ? { [HEAD]: TOKENS } : {},
});

export const gpt = (spec: GptSpec): Model =>
  decoder(
    spec,
    sequential(
      embedding(spec),
      dropout(spec.dropout),
      ...Array.from({ length: spec.layers }, (_, index) => block(`transformer.h.${index}`, spec)),
      norm('transformer.ln_f', spec.width),
      tokenHead(spec, spec.tied, TOKENS),
    ),
    checkpoint(spec),
  );
