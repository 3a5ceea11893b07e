/** What a safetensors file, or tensors that are to become one, can have wrong with them. */
import { KernelError } from '../errors.ts';

export interface SafetensorsErrorDetails {
  /** The file's name, for the reader of the message. */
  readonly file: string;
  /** Where in it: `tensor "wte.weight"`, `character 12 of the header`, `the file`. */
  readonly place: string;
  readonly problem: string;
  readonly mend: string;
  /** Whether the file ends before its header says it does. */
  readonly truncated?: boolean;
  readonly cause?: unknown;
}

/** A file that is not a legal safetensors file. Causes: an interrupted copy, a damaged disk, a hostile author. */
export class SafetensorsError extends KernelError {
  readonly code = 'SAFETENSORS';
  readonly file: string;
  readonly place: string;
  readonly truncated: boolean;

  constructor({ file, place, problem, mend, truncated = false, cause }: SafetensorsErrorDetails) {
    super({ message: `${file}, ${place}: ${problem}.`, mend, cause });
    this.file = file;
    this.place = place;
    this.truncated = truncated;
  }
}
