import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataSizeError, TokenError } from './errors.ts';
import { byteTokenizer, charTokenizer, tokenizerOf, vocabularyOf } from './tokenizer.ts';

describe('char tokenizer', () => {
  it('numbers the code points of the text in ascending order', () => {
    expect(vocabularyOf('hello, 🐦 wörld')).toEqual(
      [...new Set('hello, 🐦 wörld')].map((c) => c.codePointAt(0) as number).sort((a, b) => a - b),
    );
    expect([...tokenizerOf('char', 'banana').encode('nab')]).toEqual([2, 0, 1]);
  });

  it('brings any text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const tokenizer = tokenizerOf('char', text);
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
        expect(tokenizer.size).toBe(new Set(text).size);
      }),
      { seed: 2 },
    );
  });

  it('names the character or the token that it lacks', () => {
    const tokenizer = charTokenizer(vocabularyOf('abc'));
    expect(() => tokenizer.encode('abz')).toThrow(TokenError);
    expect(() => tokenizer.encode('abz')).toThrow('"z" (at 2)');
    for (const token of [3, -1, 0.5, Number.NaN]) expect(() => tokenizer.decode([token])).toThrow(TokenError);
  });

  it('refuses more characters than 16 bits can number', () => {
    const points = Array.from({ length: 65_537 }, (_, i) => 0x1_0000 + i);
    const text = points.map((point) => String.fromCodePoint(point)).join('');
    expect(() => vocabularyOf(text)).toThrow(DataSizeError);
    expect(vocabularyOf(text.slice(2))).toHaveLength(65_536);
  });
});

describe('byte tokenizer', () => {
  it('is the text in UTF-8', () => {
    expect([...byteTokenizer.encode('é!')]).toEqual([0xc3, 0xa9, 0x21]);
    expect(byteTokenizer.decode([0xc3, 0xa9, 0x21])).toBe('é!');
    expect(() => byteTokenizer.decode([256])).toThrow(TokenError);
  });

  it('shows what a model may well write, a broken sequence, as a replacement character', () => {
    expect(byteTokenizer.decode([0x41, 0xc3, 0x41])).toBe('A\ufffdA');
  });
});
