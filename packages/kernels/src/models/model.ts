/** A model before it meets a batch size, and the table of models by type. */
import type { CheckpointNames } from './checkpoint-names.ts';
import type { DType } from '../graph/graph.ts';
import { convnet } from './convnet.ts';
import { gpt } from './gpt.ts';
import type { Layer } from './layer.ts';
import { llama } from './llama.ts';
import { withLora } from './lora.ts';
import { mlp } from './mlp.ts';
import type { Loss } from './objective.ts';
import { onnxModel } from './onnx.ts';
import { resnet } from './resnet.ts';
import { checkModelSpec, type ModelSpec } from './spec.ts';

export interface Model {
  /** From the input to logits `[batch · predictions, classes]`. */
  readonly body: Layer;
  /** The model's input; `shape` is one sample's. */
  readonly input: { readonly name: string; readonly dtype: DType; readonly shape: readonly number[] };
  /**
   * Class labels i32 unless said otherwise; `shape` is one sample's: `[]`, or one label a token. Its elements are predictions a
   * sample. With the input's name they are the input itself.
   */
  readonly labels: { readonly name: string; readonly shape: readonly number[]; readonly dtype?: DType };
  readonly classes: number;
  /** `crossEntropy` unless given. */
  readonly loss?: Loss;
  /** Shape of one sample's output; `[..labels, classes]` unless given. */
  readonly output?: readonly number[];
  /** Where other programs save this model too. */
  readonly checkpoint?: CheckpointNames;
}

/** @throws GraphError naming the field of a spec that can't be built */
export function modelOf(spec: ModelSpec): Model {
  const checked = checkModelSpec(spec);
  const model = plainModel(checked);
  return checked.lora ? withLora(model, probeBatch(checked), checked.lora) : model;
}

/** A batch at which the model can be looked at: files are bound to their own. */
export const probeBatch = (spec: ModelSpec): number => (spec.type === 'onnx' ? spec.batch : 1);

/** The model without adapters. */
export function plainModel(checked: ModelSpec): Model {
  switch (checked.type) {
    case 'mlp':
      return mlp(checked);
    case 'convnet':
      return convnet(checked);
    case 'onnx':
      return onnxModel(checked);
    case 'resnet':
      return resnet(checked);
    case 'llama':
      return llama(checked);
    default:
      return gpt(checked);
  }
}
