/** Elements of a file's tensor, checked against its shape. */
import { OnnxFileError } from '../errors.ts';
import { elementTypeOf, type ElementType, type FileTensor } from './model-file.ts';

export interface TensorElements {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

type Reader = (view: DataView, at: number) => number;

/** −1, 0 or 1 times the half's magnitude, infinities and NaN included. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >>> 15 === 0 ? 1 : -1, (bits >>> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** 64-bit integers are brought to what a double holds exactly, as in {@link WireReader.integer}. */
const clamped = (value: bigint): number =>
  Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)));

const RAW: Readonly<Record<ElementType, { readonly bytes: number; readonly read: Reader }>> = {
  f32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  u8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  i32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  i64: { bytes: 8, read: (view, at) => clamped(view.getBigInt64(at, true)) },
  bool: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  f16: { bytes: 2, read: (view, at) => half(view.getUint16(at, true)) },
  f64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

/** The type of a tensor's elements. @throws OnnxFileError for types that hold no numbers */
export function tensorType({ dataType, name, place }: FileTensor): ElementType {
  const type = elementTypeOf(dataType);
  if (type !== null) return type;
  throw new OnnxFileError({
    place,
    problem: `the tensor "${name}" has data type ${dataType}, which is not read`,
    mend: 'Export the model in float32, with indices in int64 or int32.',
  });
}

/** Refuses a tensor whose bytes and shape disagree; reads no element. @throws OnnxFileError */
export function checkTensor(tensor: FileTensor): void {
  const { name, dims, raw, numbers, external, place } = tensor;
  const refuse = (problem: string, mend?: string): never => {
    throw new OnnxFileError({ place, problem: `the tensor "${name}" ${problem}`, ...(mend && { mend }) });
  };
  if (external)
    refuse(
      'has its elements in another file',
      'Export the model with its weights inside: torch.onnx.export(…), then onnx.save(model, path, save_as_external_data=False).',
    );
  const count = dims.reduce((product, size) => product * size, 1);
  const { bytes } = RAW[tensorType(tensor)];
  if (raw !== null && numbers.length > 0) refuse('has its elements twice');
  const held = raw === null ? numbers.length : raw.length / bytes;
  if (held !== count) refuse(`has the shape [${dims}], ${count} elements, and holds ${held}`);
}

/** The elements of a checked tensor: copied, floats as f32, all else as whole numbers in f64. */
export function tensorElements(tensor: FileTensor): TensorElements {
  const type = tensorType(tensor);
  const { raw, numbers, dims } = tensor;
  const count = dims.reduce((product, size) => product * size, 1);
  const values = type === 'f32' || type === 'f16' ? new Float32Array(count) : new Float64Array(count);
  if (raw === null) values.set(type === 'f16' ? numbers.map(half) : numbers);
  else {
    const { bytes, read } = RAW[type];
    const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
    for (let index = 0; index < count; index++) values[index] = read(view, index * bytes);
  }
  return { type, shape: dims, values };
}
