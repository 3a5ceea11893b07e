/**
 * Text to token numbers and back. Pure, so that a worker, the orchestrator's `sample` command and a browser share it.
 * A vocabulary is a function of the text alone.
 */
import { DataSizeError, TokenError } from './errors.ts';

export interface Tokenizer {
  readonly type: 'byte' | 'char';
  /** How many tokens there are; they are numbered from 0. */
  readonly size: number;
  /** @throws TokenError naming the first character that is not in the vocabulary */
  encode(text: string): Uint16Array;
  /** @throws TokenError naming the first number that is no token */
  decode(tokens: ArrayLike<number>): string;
}

/** Different characters that a `char` vocabulary may have: its tokens are 16 bits. */
export const VOCABULARY_LIMIT = 65_536;

/** 256 tokens, the bytes of the text in UTF-8. Any text has a form in it. */
export const byteTokenizer: Tokenizer = {
  type: 'byte',
  size: 256,
  encode: (text) => Uint16Array.from(new TextEncoder().encode(text)),
  decode: (tokens) => new TextDecoder().decode(Uint8Array.from(tokens, (token) => requireToken(token, 256))),
};

/**
 * The code points that occur in `text`, ascending: token i is vocabulary[i].
 * @throws DataSizeError if there are more than {@link VOCABULARY_LIMIT}
 */
export function vocabularyOf(text: string, location = 'the text'): number[] {
  const found = new Set<number>();
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at) as number;
    found.add(point);
    at += point > 0xffff ? 2 : 1;
  }
  if (found.size > VOCABULARY_LIMIT)
    throw new DataSizeError({ location, what: 'different characters', limit: VOCABULARY_LIMIT });
  return [...found].sort((left, right) => left - right);
}

/** One token for each code point of `vocabulary`, which {@link vocabularyOf} made. */
export function charTokenizer(vocabulary: readonly number[]): Tokenizer {
  const tokenOf = new Map(vocabulary.map((point, token) => [point, token]));
  return {
    type: 'char',
    size: vocabulary.length,
    encode: (text) => encodeChars(text, tokenOf),
    decode: (tokens) => {
      const points = Array.from(tokens, (token) => vocabulary[requireToken(token, vocabulary.length)] as number);
      return points.map((point) => String.fromCodePoint(point)).join('');
    },
  };
}

/** The tokenizer that `type` names, over the vocabulary of `text`. */
export function tokenizerOf(type: Tokenizer['type'], text: string, location?: string): Tokenizer {
  return type === 'byte' ? byteTokenizer : charTokenizer(vocabularyOf(text, location));
}

function encodeChars(text: string, tokenOf: ReadonlyMap<number, number>): Uint16Array {
  const tokens = new Uint16Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at) as number;
    const token = tokenOf.get(point);
    if (token === undefined)
      throw new TokenError({ reason: `character ${JSON.stringify(String.fromCodePoint(point))} (at ${at})` });
    tokens[count++] = token;
    at += point > 0xffff ? 2 : 1;
  }
  return tokens.slice(0, count);
}

function requireToken(token: number, size: number): number {
  if (!Number.isInteger(token) || token < 0 || token >= size) throw new TokenError({ reason: `token ${token}` });
  return token;
}
