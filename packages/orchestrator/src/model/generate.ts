/** Text from a trained language model, one token after the other. */
import type { Tokenizer } from '@murmuration/protocol';
import type { ModelSession } from './session.ts';

export interface GenerateOptions {
  readonly prompt: string;
  /** Tokens to add to the prompt. */
  readonly tokens: number;
  /** 0 always takes the likeliest token; higher is more adventurous. */
  readonly temperature: number;
  /** The same seed gives the same text. */
  readonly seed: number;
}

/** splitmix32: numbers in [0, 1) that follow from the seed alone. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
  };
}

/** Draws an index with probability softmax(logits / temperature). */
export function pick(logits: Float32Array, temperature: number, random: number): number {
  let best = 0;
  for (let index = 1; index < logits.length; index += 1) if ((logits[index] ?? 0) > (logits[best] ?? 0)) best = index;
  if (temperature === 0) return best;
  const greatest = logits[best] ?? 0;
  const weights = Array.from(logits, (logit) => Math.exp((logit - greatest) / temperature));
  let left = random * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => (left -= weight) < 0);
  return found === -1 ? best : found;
}

/**
 * Yields the text piece by piece, the prompt not included. The model sees the last `block` tokens; the window is filled
 * up behind them, where a causal model can't look.
 */
export async function* generate(
  session: ModelSession,
  tokenizer: Tokenizer,
  block: number,
  options: GenerateOptions,
): AsyncGenerator<string> {
  const random = randomFrom(options.seed);
  const context = [...tokenizer.encode(options.prompt)];
  for (let made = 0; made < options.tokens; made += 1) {
    const recent = context.slice(-block);
    const window = new Int32Array(block);
    window.set(recent);
    const { values, classes } = await session.logits(window, 1);
    const end = Math.max(1, recent.length) * classes;
    const token = pick(values.subarray(end - classes, end), options.temperature, random());
    context.push(token);
    yield tokenizer.decode([token]);
  }
}
