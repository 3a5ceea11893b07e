/** Branded units: a number that carries its unit in its type, so that bytes never add to milliseconds. */

declare const unit: unique symbol;

/** `T` marked with the unit or name `Name`; erased at run time. */
export type Branded<T, Name extends string> = T & { readonly [unit]: Name };

/** A count of bytes. */
export type Bytes = Branded<number, 'Bytes'>;
/** A duration in milliseconds. */
export type Milliseconds = Branded<number, 'Milliseconds'>;
/** A point in time, milliseconds since the Unix epoch, handed in by a shell, never read by a pure core. */
export type Timestamp = Branded<number, 'Timestamp'>;
/** An amount of the job's payment token in its smallest unit. */
export type Wei = Branded<bigint, 'Wei'>;

export const bytes = (value: number): Bytes => value as Bytes;
export const milliseconds = (value: number): Milliseconds => value as Milliseconds;
export const timestamp = (value: number): Timestamp => value as Timestamp;
export const wei = (value: bigint): Wei => value as Wei;
