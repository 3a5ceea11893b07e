/**
 * The header of a safetensors file: JSON of one shape only, `{name: {dtype, shape, data_offsets}, __metadata__: {…}}`.
 * It is read by a scanner for just that shape rather than by `JSON.parse`, which would keep the last of two equal names
 * silently and would build whatever a hostile file nests.
 */
import { isTensorDType, TENSOR_DTYPES, type TensorDType } from './dtypes.ts';
import { SafetensorsError } from './errors.ts';

export interface HeaderEntry {
  readonly name: string;
  readonly dtype: TensorDType;
  readonly shape: readonly number[];
  /** First byte of the tensor and the one after its last, counted from the end of the header. */
  readonly offsets: readonly [number, number];
}

export interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The name that the format keeps for itself. */
export const METADATA = '__metadata__';
/** Most axes of a tensor. */
export const MAX_RANK = 16;
/** Most tensors of a file: many times what the largest published models hold. */
export const MAX_TENSORS = 200_000;

const MEND = 'Write the file again with a program that follows the safetensors format.';
const WHITESPACE = ' \t\n\r';

/** Parses a header's text. @throws SafetensorsError naming the tensor or the character */
export function parseHeader(text: string, file: string): Header {
  return new HeaderScanner(text, file).header();
}

class HeaderScanner {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  /** What is being read, for errors. */
  #within = '';

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  header(): Header {
    const entries: HeaderEntry[] = [];
    let metadata: Header['metadata'] = {};
    if (this.#text[0] !== '{') this.#refuse('a header begins with "{"');
    this.#members((name) => {
      this.#within = `tensor ${JSON.stringify(name)}, `;
      if (name === METADATA) metadata = this.#metadata();
      else if (entries.push(this.#entry(name)) > MAX_TENSORS)
        this.#refuse(`there are more than ${MAX_TENSORS} tensors`);
      this.#within = '';
    });
    this.#skip();
    if (this.#at < this.#text.length) this.#refuse('something follows the header’s closing brace');
    return { entries, metadata };
  }

  #entry(name: string): HeaderEntry {
    let dtype: TensorDType | undefined;
    let shape: readonly number[] | undefined;
    let offsets: readonly number[] | undefined;
    this.#members((key) => {
      if (key === 'dtype') dtype = this.#dtype();
      else if (key === 'shape') shape = this.#naturals();
      else if (key === 'data_offsets') offsets = this.#naturals();
      else this.#refuse(`unknown field ${JSON.stringify(key.slice(0, 80))}`);
    });
    const [start, end] = offsets ?? [];
    if (dtype === undefined || shape === undefined || start === undefined || end === undefined || offsets?.length !== 2)
      return this.#refuse('a tensor has a dtype, a shape and two data_offsets');
    return { name, dtype, shape, offsets: [start, end] };
  }

  #metadata(): Header['metadata'] {
    const pairs: [string, string][] = [];
    this.#members((key) => pairs.push([key, this.#string()]));
    return Object.fromEntries(pairs);
  }

  #dtype(): TensorDType {
    const name = this.#string();
    if (isTensorDType(name)) return name;
    return this.#refuse(`unknown dtype ${JSON.stringify(name.slice(0, 80))}; known are ${TENSOR_DTYPES.join(', ')}`);
  }

  /** `{"name": …, …}`; `read` takes each value. */
  #members(read: (name: string) => void): void {
    const seen = new Set<string>();
    this.#expect('{');
    if (this.#take('}')) return;
    do {
      const name = this.#string();
      if (seen.has(name)) this.#refuse(`the name ${JSON.stringify(name.slice(0, 80))} stands there twice`);
      seen.add(name);
      this.#expect(':');
      read(name);
    } while (this.#take(','));
    this.#expect('}');
  }

  /** `[1, 2, …]`, whole numbers that JavaScript counts exactly. */
  #naturals(): number[] {
    const values: number[] = [];
    this.#expect('[');
    if (this.#take(']')) return values;
    do {
      if (values.push(this.#natural()) > MAX_RANK) this.#refuse(`a list has more than ${MAX_RANK} numbers`);
    } while (this.#take(','));
    this.#expect(']');
    return values;
  }

  #natural(): number {
    this.#skip();
    const start = this.#at;
    while (this.#at - start <= 16 && isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    const digits = this.#text.slice(start, this.#at);
    const value = Number(digits);
    if (digits !== '' && String(value) === digits && Number.isSafeInteger(value)) return value;
    this.#at = start;
    return this.#refuse('a whole number below 2⁵³ belongs there');
  }

  #string(): string {
    this.#skip();
    const start = this.#at;
    if (this.#text[start] !== '"') this.#refuse('a string belongs there');
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1;
    try {
      const value = JSON.parse(this.#text.slice(start, end + 1)) as string;
      this.#at = end + 1;
      return value;
    } catch (cause) {
      return this.#refuse('a string is not closed or not legal', cause);
    }
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.#refuse(`"${character}" belongs there`);
  }

  #take(character: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skip(): void {
    while (this.#at < this.#text.length && WHITESPACE.includes(this.#text.charAt(this.#at))) this.#at++;
  }

  #refuse(problem: string, cause?: unknown): never {
    const place = `${this.#within.slice(0, 300)}character ${this.#at} of the header`;
    throw new SafetensorsError({ file: this.#file, place, problem, mend: MEND, cause });
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
