/**
 * GPT-2's decoder, its parameters under the names and in the layouts in which Hugging Face's `GPT2LMHeadModel` saves
 * them, so that a checkpoint of either loads in the other as it is. Between attention's products activations are
 * [batch·block, width]; inside they are [batch, heads, block, width / heads].
 */
import type { CheckpointNames } from './checkpoint-names.ts';
import type { Initialiser } from './initialise.ts';
import { activation, dense, dropout, type Layer, norm, residual, type Scope, sequential } from './layer.ts';
import type { ValueId } from '../graph/graph.ts';
import type { Model } from './model.ts';
import type { GptSpec } from './spec.ts';

const DEVIATION = 0.02;
const normal = (deviation: number): Initialiser => ({ kind: 'normal', deviation });
/** Each block adds to the residual stream twice; this keeps the stream's variance independent of depth. */
const towardsResidual = (layers: number): Initialiser => normal(DEVIATION / Math.sqrt(2 * layers));

const TOKENS = 'transformer.wte.weight';
const POSITIONS = 'transformer.wpe.weight';
const HEAD = 'lm_head.weight';

/** tokens i32 [batch, block] → [batch·block, width]. */
const embedding = ({ vocab, width, block }: GptSpec): Layer => ({
  parameters: [
    { name: TOKENS, shape: [vocab, width], decay: true, initialiser: normal(DEVIATION) },
    { name: POSITIONS, shape: [block, width], decay: false, initialiser: normal(DEVIATION) },
  ],
  apply: ({ emit, batch, parameter }, tokens) => {
    const rows = emit.apply('gather', [parameter(TOKENS), tokens]);
    return emit.apply('reshape', [emit.apply('add', [rows, parameter(POSITIONS)])], { shape: [batch * block, width] });
  },
});

/** qkv [batch·block, 3·width] → queries, keys and values, each [batch, heads, block, width / heads]. */
function splitHeads({ emit, batch }: Scope, qkv: ValueId, { heads, width, block }: GptSpec): ValueId[] {
  const head = width / heads;
  const apart = emit.apply('reshape', [qkv], { shape: [batch, block, 3, heads, head] });
  const stacked = emit.apply('transpose', [apart], { permutation: [2, 0, 3, 1, 4] });
  return [0, 1, 2].map((start) => {
    const part = emit.apply('slice', [stacked], { axis: 0, start, length: 1 });
    return emit.apply('reshape', [part], { shape: [batch, heads, block, head] });
  });
}

/** Causal attention of every head over qkv [batch·block, 3·width] → [batch·block, width]. */
function attend(scope: Scope, qkv: ValueId, spec: GptSpec): ValueId {
  const { emit, batch } = scope;
  const [q = -1, k = -1, v = -1] = splitHeads(scope, qkv, spec);
  const factor = 1 / Math.sqrt(spec.width / spec.heads);
  const mixed = emit.apply('attention', [q, k, v], { factor, causal: true });
  const together = emit.apply('transpose', [mixed], { permutation: [0, 2, 1, 3] });
  return emit.apply('reshape', [together], { shape: [batch * spec.block, spec.width] });
}

function block(name: string, spec: GptSpec): Layer {
  const { width, layers } = spec;
  const attention: Layer = { parameters: [], apply: (scope, qkv) => attend(scope, qkv, spec) };
  return sequential(
    residual(
      sequential(
        norm(`${name}.ln_1`, width),
        dense(`${name}.attn.c_attn`, { inputs: width, outputs: 3 * width, initialiser: normal(DEVIATION) }),
        attention,
        dense(`${name}.attn.c_proj`, { inputs: width, outputs: width, initialiser: towardsResidual(layers) }),
        dropout(spec.dropout),
      ),
    ),
    residual(
      sequential(
        norm(`${name}.ln_2`, width),
        dense(`${name}.mlp.c_fc`, { inputs: width, outputs: 4 * width, initialiser: normal(DEVIATION) }),
        activation('gelu'),
        dense(`${name}.mlp.c_proj`, { inputs: 4 * width, outputs: width, initialiser: towardsResidual(layers) }),
        dropout(spec.dropout),
      ),
    ),
  );
}

/** [n, width] → logits [n, vocab], by the token embedding itself when tied. */
const head = ({ vocab, width, tied }: GptSpec): Layer => ({
  parameters: tied ? [] : [{ name: HEAD, shape: [vocab, width], decay: true, initialiser: normal(DEVIATION) }],
  apply: ({ emit, parameter }, x) =>
    emit.apply('matmul', [x, parameter(tied ? TOKENS : HEAD)], { transposeA: false, transposeB: true }),
});

/** Older checkpoints hold the causal mask as buffers, and a tied head once more; `GPT2Model` saves without the prefix. */
const checkpoint = ({ tied }: GptSpec): CheckpointNames => ({
  prefix: 'transformer.',
  buffers: /^(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)$/,
  copies: tied ? { [HEAD]: TOKENS } : {},
});

export const gpt = (spec: GptSpec): Model => ({
  body: sequential(
    embedding(spec),
    dropout(spec.dropout),
    ...Array.from({ length: spec.layers }, (_, index) => block(`transformer.h.${index}`, spec)),
    norm('transformer.ln_f', spec.width),
    head(spec),
  ),
  input: { name: 'tokens', dtype: 'i32', shape: [spec.block] },
  labels: { name: 'targets', shape: [spec.block] },
  classes: spec.vocab,
  checkpoint: checkpoint(spec),
});
