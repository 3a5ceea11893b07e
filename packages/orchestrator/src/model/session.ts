/** `model.onnx` in onnxruntime: what anybody who downloads the file would see. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { MurmurationError } from '@murmuration/protocol';

/** The file is no model that this program wrote, or onnxruntime can't run it. */
class ModelUnusableError extends MurmurationError {
  readonly code = 'MODEL_UNUSABLE';

  constructor({ file, why, cause }: { file: string; why: string; cause?: unknown }) {
    super({
      message: `${file} can't be run: ${why}.`,
      mend: 'Make it again from a checkpoint with `orchestrate resume`, or name another run.',
      cause,
    });
  }
}

/** Logits `[batch, …, classes]` of a batch. */
export interface Logits {
  readonly values: Float32Array;
  readonly classes: number;
}

/** Whole numbers as the model wants them. */
function tensorOf(data: Float32Array | Int32Array, shape: readonly number[], wide: boolean): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, shape);
  return wide ? new Tensor('int64', BigInt64Array.from(data, BigInt), shape) : new Tensor('int32', data, shape);
}

/** A loaded model; one input, one output of f32. */
export class ModelSession {
  readonly #session: InferenceSession;
  readonly #file: string;

  private constructor(session: InferenceSession, file: string) {
    this.#session = session;
    this.#file = file;
  }

  /** @throws ModelUnusableError */
  static async open(file: string): Promise<ModelSession> {
    try {
      return new ModelSession(await InferenceSession.create(file, { logSeverityLevel: 3 }), file);
    } catch (cause) {
      throw new ModelUnusableError({ file, why: cause instanceof Error ? cause.message : String(cause), cause });
    }
  }

  /** Runs a batch of `batch` rows; the shape of one row is the model's. */
  async logits(data: Float32Array | Int32Array, batch: number): Promise<Logits> {
    const [input] = this.#session.inputNames;
    const [metadata] = this.#session.inputMetadata;
    if (input === undefined || metadata === undefined || !metadata.isTensor)
      throw new ModelUnusableError({ file: this.#file, why: 'it has no tensor input' });
    const shape = [batch, ...metadata.shape.slice(1).map(Number)];
    const tensor = tensorOf(data, shape, metadata.type === 'int64');
    const [name = ''] = this.#session.outputNames;
    const { [name]: logits } = await this.#session.run({ [input]: tensor });
    const classes = logits?.dims.at(-1);
    if (logits === undefined || classes === undefined || !(logits.data instanceof Float32Array)) {
      throw new ModelUnusableError({ file: this.#file, why: `its output "${name}" is no tensor of f32` });
    }
    return { values: logits.data, classes };
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
