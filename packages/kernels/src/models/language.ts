/** What decoders of text share: initial values, the head, the shape of the model around its blocks. */
import type { ValueId } from '../graph/graph.ts';
import type { CheckpointNames } from './checkpoint-names.ts';
import type { Initialiser } from './initialise.ts';
import type { Layer, Scope } from './layer.ts';
import type { Model } from './model.ts';

const DEVIATION = 0.02;
export const normal = (deviation: number = DEVIATION): Initialiser => ({ kind: 'normal', deviation });
/** Each block adds to the residual stream twice; this keeps the stream's variance independent of depth. */
export const towardsResidual = (layers: number): Initialiser => normal(DEVIATION / Math.sqrt(2 * layers));

/** Sizes of a decoder over windows of `block` tokens. */
export interface DecoderSizes {
  readonly vocab: number;
  readonly width: number;
  readonly block: number;
}

export const HEAD = 'lm_head.weight';

/** [n, width] → logits [n, vocab], by the token embedding `tokens` itself when tied, else by a matrix of the same shape. */
export const tokenHead = ({ vocab, width }: DecoderSizes, tied: boolean, tokens: string): Layer => ({
  parameters: tied ? [] : [{ name: HEAD, shape: [vocab, width], decay: true, initialiser: normal() }],
  apply: ({ emit, parameter }, x) =>
    emit.apply('matmul', [x, parameter(tied ? tokens : HEAD)], { transposeA: false, transposeB: true }),
});

/** Causal attention over heads of q, k and v [batch, heads, block, d], put together again as [batch·block, width]. */
export function attend(
  { emit, batch }: Scope,
  [q, k, v]: readonly [ValueId, ValueId, ValueId],
  { block, width }: DecoderSizes,
): ValueId {
  const factor = 1 / Math.sqrt(emit.typeOf(q).shape.at(-1) ?? 1);
  const mixed = emit.apply('attention', [q, k, v], { factor, causal: true });
  const together = emit.apply('transpose', [mixed], { permutation: [0, 2, 1, 3] });
  return emit.apply('reshape', [together], { shape: [batch * block, width] });
}

/** A model that predicts each next token of a window. */
export const decoder = ({ vocab, block }: DecoderSizes, body: Layer, checkpoint: CheckpointNames): Model => ({
  body,
  input: { name: 'tokens', dtype: 'i32', shape: [block] },
  labels: { name: 'targets', shape: [block] },
  classes: vocab,
  checkpoint,
});
