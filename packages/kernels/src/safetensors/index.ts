/** `@murmuration/kernels/safetensors`: the safetensors format. Pure: bytes in, tensors out, and back. */
export { decodeSafetensors, type StoredTensor, type StoredTensors, tensorFloats } from './decode.ts';
export { isTensorDType, type TensorDType } from './dtypes.ts';
export { encodeSafetensors, type NamedTensor, type TensorFile } from './encode.ts';
export { SafetensorsError } from './errors.ts';
