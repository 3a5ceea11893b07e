/** How other programs' checkpoints of a model differ from its parameters: what of them may be more, or be called otherwise. */
export interface CheckpointNames {
  /** What some programs leave away at the beginning of a name. */
  readonly prefix: string;
  /** Names of tensors that are saved beside the parameters and hold nothing that is trained. */
  readonly buffers: RegExp;
  /** Tensors that repeat a parameter: name → the parameter that it must equal. */
  readonly copies: Readonly<Record<string, string>>;
}
