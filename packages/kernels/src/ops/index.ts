/**
 * The op table. All tensors are row-major; a scalar has shape `[]`; no dimension is 0. Ops without a note take and give
 * f32. Each op's file holds its exact meaning (`reference`).
 *
 * | op | operands → output | attributes |
 * |---|---|---|
 * | add sub mul div | a, b → numpy broadcast of both shapes | |
 * | maximum minimum | a, b → numpy broadcast of both shapes; a tie's gradient goes to a | |
 * | equal less lessOrEqual | a, b (both f32 or both i32) → i32 0 or 1, numpy broadcast | |
 * | and or not | i32 truth values, any but 0 true → i32 0 or 1, numpy broadcast | |
 * | where | condition i32, a, b (of one dtype) → a where condition ≠ 0, else b; numpy broadcast | |
 * | toF32 toI32 | i32 → f32; f32 → i32, rounded towards 0 | |
 * | neg abs sign exp log sqrt tanh sigmoid erf sin cos relu gelu geluErf | x → x's shape; gelu is GPT-2's tanh form, geluErf the exact one | |
 * | scale | x → x · factor | factor |
 * | power | x → x^exponent | exponent |
 * | reluGradient geluGradient geluErfGradient | x, dy → dx, all of one shape | |
 * | reduceSum reduceMax | x → x with `axes` (ascending) summed; kept as 1 if keepDims | axes, keepDims |
 * | fill | → `shape` filled with `value` | value, shape |
 * | broadcast | x → `shape`, numpy rule | shape |
 * | reshape | x (f32 or i32) → `shape`, same elements | shape |
 * | transpose | x → axes in the order `permutation` | permutation |
 * | slice | x → elements [start, start + length) of `axis` | axis, start, length |
 * | pad | x → zeros put `before` and `after` on `axis` (slice's gradient) | axis, before, after |
 * | concat | x₀, x₁, … → joined along `axis` | axis |
 * | matmul | a [..b, m, k], b [..b, k, n] or [k, n] → [..b, m, n]; flags swap a side's last two axes | transposeA, transposeB |
 * | gather | table [rows, ..r], ids i32 [..s] → [..s, ..r] | |
 * | scatterAdd | ids i32 [..s], updates [..s, ..r] → [rows, ..r], equal ids add up | rows |
 * | conv2d | x [n, c, h, w], kernel [o, c/groups, kh, kw] → [n, o, h', w'] | strides, pads, dilations (ONNX's), groups |
 * | conv2dInputGradient | dy [n, o, h', w'], kernel → [n, c, ..size] | strides, pads, dilations, groups, size |
 * | conv2dKernelGradient | x [n, c, h, w], dy [n, o, h', w'] → [o, c/groups, ..kernel] | strides, pads, dilations, groups, kernel |
 * | maxPool2d | x [n, c, h, w] → [n, c, h', w']; padding is never the maximum | kernel, strides, pads |
 * | maxPool2dGradient | x, y, dy → dx; a tie goes to the window's first element, row-major | kernel, strides, pads |
 * | averagePool2d | x [n, c, h, w] → [n, c, h', w']; countPads: padding counts as zeros | kernel, strides, pads, countPads |
 * | averagePool2dGradient | dy [n, c, h', w'] → [n, c, ..size] | kernel, strides, pads, countPads, size |
 * | channelMean | x [n, c, ..], weight [n] → [c, 1, ..], samples weighted | |
 * | channelVariance | x [n, c, ..], mean [c, 1, ..], weight [n] → [c, 1, ..], over the weight | |
 * | batchNorm | x [n, c, ..], gain, bias, mean, variance [c, 1, ..] → x's shape | epsilon |
 * | batchNormGainGradient | x, mean, variance, dy → Σ dy · x̂ [c, 1, ..] | epsilon |
 * | layerNorm | x [.., c], gain [c], bias [c] → x's shape | epsilon |
 * | layerNormInputGradient | x [.., c], gain [c], dy [.., c] → dx | epsilon |
 * | layerNormGainGradient | x [.., c], dy [.., c] → [c] | epsilon |
 * | rmsNorm | x [.., c], gain [c] → x / √(mean(x²) + epsilon) · gain | epsilon |
 * | rmsNormInputGradient | x [.., c], gain [c], dy [.., c] → dx | epsilon |
 * | rmsNormGainGradient | x [.., c], dy [.., c] → [c] | epsilon |
 * | rotaryTable | → cos and sin of row · theta^(−2i/size) [2, length, size/2] | length, size, theta |
 * | rotary | x [.., n, d], table [2, n, d/2] → pairs (i, i + d/2) of row r turned by r's angles, or back if inverse | inverse |
 * | attention | q [b, h, n, d], k, v [b, g, m, d], g divides h → softmax(factor · q kᵀ) v [b, h, n, d]; causal as softmax's | factor, causal |
 * | attentionLogSum | q, k → log Σ exp(factor · q kᵀ) by rows [b, h, n] | factor, causal |
 * | attentionQueryGradient attentionKeyGradient | q, k, v, y, dy, logSum → ∂loss/∂q, ∂loss/∂k | factor, causal |
 * | attentionValueGradient | q, k, dy, logSum → ∂loss/∂v | factor, causal |
 * | softmax | x [.., r, c] → softmax over c of factor · x; causal: row i sees columns ≤ i, the rest are 0 | factor, causal |
 * | softmaxGradient | y, dy → factor · y ⊙ (dy − Σ y ⊙ dy) | factor |
 * | dropout | x, seed i32 [2] → x · factor, 0 with chance `rate`; equal streams drop equal elements | rate, stream |
 * | crossEntropy | logits [n, c], labels i32 [n], weight [n] → scalar Σ weight · −log softmax(logits)[label] | |
 * | crossEntropyGradient | logits, labels, weight → weight · (softmax(logits) − onehot(label)) [n, c] | |
 * | countCorrect | logits [n, c], labels i32 [n], weight [n] → scalar Σ weight · (argmax = label); ties take the lowest index | |
 *
 * Ids and labels lie in [0, rows) and [0, c): data sources check it, ops may assume it.
 */
import type { OpTable } from '../graph/op.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { abs, sign } from './absolute.ts';
import { and, not, or } from './logical.ts';
import { cos, sin } from './trigonometry.ts';
import { dropout } from './dropout.ts';
import { equal, less, lessOrEqual } from './comparison.ts';
import { erf, geluErf, geluErfGradient } from './erf.ts';
import { maximum, minimum } from './extremes.ts';
import { power } from './power.ts';
import { sigmoid } from './sigmoid.ts';
import { toF32, toI32 } from './cast.ts';
import { where } from './where.ts';
import {
  attention,
  attentionKeyGradient,
  attentionLogSum,
  attentionQueryGradient,
  attentionValueGradient,
} from './attention.ts';
import { averagePool2d, averagePool2dGradient } from './average-pool2d.ts';
import { batchNorm, batchNormGainGradient, channelMean, channelVariance } from './batch-norm.ts';
import { broadcast } from './broadcast.ts';
import { concat } from './concat.ts';
import { conv2d, conv2dInputGradient, conv2dKernelGradient } from './conv2d.ts';
import { countCorrect } from './count-correct.ts';
import { crossEntropy, crossEntropyGradient } from './cross-entropy.ts';
import { exp, log, neg, scale, sqrt, tanh } from './unary.ts';
import { fill } from './fill.ts';
import { gather, scatterAdd } from './gather.ts';
import { gelu, geluGradient } from './gelu.ts';
import { layerNorm, layerNormGainGradient, layerNormInputGradient } from './layer-norm.ts';
import { matmul } from './matmul.ts';
import { maxPool2d, maxPool2dGradient } from './max-pool2d.ts';
import { pad, slice } from './slice.ts';
import { reduceMax, reduceSum } from './reduce.ts';
import { relu, reluGradient } from './relu.ts';
import { reshape } from './reshape.ts';
import { rmsNorm, rmsNormGainGradient, rmsNormInputGradient } from './rms-norm.ts';
import { rotary, rotaryTable } from './rotary.ts';
import { softmax, softmaxGradient } from './softmax.ts';
import { transpose } from './transpose.ts';

export const ops: OpTable = {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  equal,
  less,
  lessOrEqual,
  and,
  or,
  not,
  where,
  toF32,
  toI32,
  neg,
  abs,
  sign,
  exp,
  log,
  sqrt,
  tanh,
  sigmoid,
  erf,
  sin,
  cos,
  scale,
  power,
  relu,
  reluGradient,
  gelu,
  geluGradient,
  geluErf,
  geluErfGradient,
  reduceSum,
  reduceMax,
  fill,
  broadcast,
  reshape,
  transpose,
  slice,
  pad,
  concat,
  matmul,
  gather,
  scatterAdd,
  conv2d,
  conv2dInputGradient,
  conv2dKernelGradient,
  maxPool2d,
  maxPool2dGradient,
  averagePool2d,
  averagePool2dGradient,
  channelMean,
  channelVariance,
  batchNorm,
  batchNormGainGradient,
  layerNorm,
  layerNormInputGradient,
  layerNormGainGradient,
  rmsNorm,
  rmsNormInputGradient,
  rmsNormGainGradient,
  rotaryTable,
  rotary,
  softmax,
  softmaxGradient,
  dropout,
  attention,
  attentionLogSum,
  attentionQueryGradient,
  attentionKeyGradient,
  attentionValueGradient,
  crossEntropy,
  crossEntropyGradient,
  countCorrect,
};
