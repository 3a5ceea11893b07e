/** Memory that two threads see, one array a purpose, made at first use and used again. */

type Numbers = Float32Array | Int32Array | BigInt64Array;

/** Whether both threads see the array as it is. */
export const isShared = ({ buffer }: Numbers): boolean => buffer instanceof SharedArrayBuffer;

export class SharedArrays {
  readonly #arrays = new Map<string, Numbers>();

  /** An array of the type and length of `like`, with whatever was in it before. */
  room<T extends Numbers>(purpose: string, like: T): T {
    let array = this.#arrays.get(purpose);
    if (array === undefined || array.length !== like.length || array.constructor !== like.constructor) {
      const Kind = like.constructor as new (memory: SharedArrayBuffer) => T;
      array = new Kind(new SharedArrayBuffer(like.byteLength));
      this.#arrays.set(purpose, array);
    }
    return array as T;
  }

  /** `values` in shared memory: themselves if they lie there, else a copy. */
  put<T extends Numbers>(purpose: string, values: T): T {
    if (isShared(values)) return values;
    const room = this.room(purpose, values);
    (room as { set(values: Numbers): void }).set(values);
    return room;
  }
}
