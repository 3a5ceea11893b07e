/** Where each parameter lives in the flat vector, and how the vector is cut into buckets. */

export interface ParameterSlot {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in the flat vector. */
  readonly offset: number;
  /** Elements. */
  readonly size: number;
  /** Whether weight decay applies (matrices yes; biases, norms no). */
  readonly decay: boolean;
}

export interface ParameterLayout {
  readonly slots: readonly ParameterSlot[];
  /** Elements of the flat vector. */
  readonly size: number;
  /** Elements a bucket; the last bucket may be shorter. */
  readonly bucketSize: number;
}
