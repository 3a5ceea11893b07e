/**
 * What other programs read of a run that trained adapters: the model with them merged, under its own names, and the adapters
 * alone as PEFT keeps them.
 */
import { mergedModel, parameterLayout, type ParameterSlot } from '@murmuration/kernels/graph';
import { encodeSafetensors, type NamedTensor } from '@murmuration/kernels/safetensors';
import type { ResolvedJob } from '@murmuration/protocol/job';
import type { ModelOrigin } from './export-model.ts';

/** A file's name and its content in parts. */
export interface WeightsFile {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
}

const ADAPTER = /\.lora_[AB]\.weight$/;
/** Where PEFT's wrapper puts the model. */
const PEFT_PREFIX = 'base_model.model.';

const tensorOf = ({ name, shape, offset, size }: ParameterSlot, flat: Float32Array): NamedTensor => ({
  name,
  shape,
  data: new Uint8Array(flat.buffer, flat.byteOffset + 4 * offset, 4 * size),
});

/**
 * The files of a job with adapters; none of a job without.
 * @param state bytes(parameters ‖ optimizer tensors), little-endian f32
 */
export function weightsFiles({ model }: ResolvedJob, state: Uint8Array, origin: ModelOrigin): readonly WeightsFile[] {
  if (!model.lora) return [];
  const { slots, size } = parameterLayout(model);
  const flat = new Float32Array(state.slice(0, 4 * size).buffer);
  const merged = mergedModel(model, flat);
  const { runId, round, stateHash } = origin;
  const metadata = { format: 'pt', runId, round: String(round), stateHash };
  const whole = parameterLayout(merged.spec).slots.map((slot) => tensorOf(slot, merged.parameters));
  const adapters = slots.filter(({ name }) => ADAPTER.test(name)).map((slot) => tensorOf(slot, flat));
  const named = adapters.map((tensor) => ({ ...tensor, name: `${PEFT_PREFIX}${tensor.name}` }));
  return [
    { name: 'model.safetensors', parts: encodeSafetensors({ tensors: whole, metadata }) },
    { name: 'adapter/adapter_model.safetensors', parts: encodeSafetensors({ tensors: named, metadata }) },
    { name: 'adapter/adapter_config.json', parts: [configOf(model, adapters)] },
  ];
}

/** PEFT's own description of the adapters. */
function configOf({ type, lora }: ResolvedJob['model'], adapters: readonly NamedTensor[]): Uint8Array {
  const targets = new Set(adapters.map(({ name }) => name.replace(ADAPTER, '')));
  const config = {
    peft_type: 'LORA',
    ...((type === 'gpt' || type === 'llama') && { task_type: 'CAUSAL_LM' }),
    r: lora?.rank,
    lora_alpha: lora?.alpha,
    lora_dropout: 0,
    bias: 'none',
    target_modules: [...targets],
    // GPT-2's linear layers are stored [in, out].
    fan_in_fan_out: type === 'gpt',
    inference_mode: true,
  };
  return new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
}
