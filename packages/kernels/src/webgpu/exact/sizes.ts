/** The numbers of a kernel that follow from shapes: fields of `dims`, so that its source is the same for every shape. */
import { type StridedIndex, stridedIndex } from '../strided-index.ts';

export class Sizes {
  readonly #shape: readonly number[];
  readonly #names = new Map<number, string>();
  readonly #views = new Map<string, StridedIndex>();

  /** @param shape the kernel's */
  constructor(shape: readonly number[]) {
    this.#shape = shape;
  }

  /** The field that holds `value`, as u32 text. Equal values share a field. */
  field(value: number): string {
    const name = this.#names.get(value) ?? `s${this.#names.size}`;
    this.#names.set(value, name);
    return `dims.${name}`;
  }

  /** The field as i32 text. */
  integer(value: number): string {
    return `i32(${this.field(value)})`;
  }

  /** What the axes add to an index whose strides are these, none negative: a function of `at`, the element's own index. */
  view(strides: readonly number[]): StridedIndex {
    const key = strides.join();
    const view =
      this.#views.get(key) ??
      stridedIndex({ shape: this.#shape, strides, variable: 'at', prefix: `v${this.#views.size}` });
    this.#views.set(key, view);
    return view;
  }

  /** Values by field, `zero` among them, which the source may use to hide a zero from the compiler. */
  get uniforms(): Readonly<Record<string, number>> {
    const shared = Object.fromEntries([...this.#names].map(([value, name]) => [name, value]));
    return Object.assign({ zero: 0 }, shared, ...[...this.#views.values()].map(({ uniforms }) => uniforms));
  }
}
