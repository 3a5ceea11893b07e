/** Writes a kernel's whole WGSL source around its body. */
import type { Kernel, KernelBinding } from './lowering.ts';
import { QUOTIENT } from './quotient.ts';

/** The name and type of a field of `dims`: `rows` is u32, `factor: f32` says its own. */
function uniformField(field: string): { name: string; type: 'u32' | 'f32' } {
  const [name = '', type = 'u32'] = field.split(':').map((part) => part.trim());
  return { name, type: type === 'f32' ? 'f32' : 'u32' };
}

/** WGSL refuses an empty struct, so a kernel without sizes has one field that nobody reads. */
const fieldsOf = ({ uniforms }: Kernel): readonly string[] => (uniforms.length === 0 ? ['unused'] : uniforms);

/** Whether a body calls what {@link QUOTIENT} defines. */
const DIVIDES = /\b(quotient|remainder)\(/;

/** The source of `kernel`, entry point `main`. */
export function shaderSource(kernel: Kernel): string {
  const { body } = kernel;
  const fields = fieldsOf(kernel).map(uniformField);
  return [
    kernel.usesSubgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);' : '',
    `struct Dims { ${fields.map(({ name, type }) => `${name}: ${type}`).join(', ')} }`,
    '@group(0) @binding(0) var<uniform> dims: Dims;',
    ...kernel.bindings.map(bindingSource),
    DIVIDES.test(body) ? QUOTIENT : '',
    kernel.prelude ?? '',
    entryPoint(kernel, body),
  ]
    .filter(Boolean)
    .join('\n');
}

function bindingSource({ name, element, access }: KernelBinding, index: number): string {
  if (access === 'strips')
    return `@group(0) @binding(${index + 1}) var ${name}: texture_storage_2d<rgba32float, read>;`;
  return `@group(0) @binding(${index + 1}) var<storage, ${access}> ${name}: array<${element}>;`;
}

function entryPoint({ workgroupSize, usesSubgroups }: Kernel, body: string): string {
  const subgroup = usesSubgroups ? ', @builtin(subgroup_invocation_id) subgroupLane: u32' : '';
  return `@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) groupId: vec3u, @builtin(num_workgroups) groupCounts: vec3u, @builtin(local_invocation_index) lane: u32${subgroup}) {
let group = groupId.y * groupCounts.x + groupId.x;
let index = group * ${workgroupSize}u + lane;
${body}
}`;
}

/** The bytes of `dims` for one launch, 4 a field. */
export function uniformBytes(kernel: Kernel, values: Readonly<Record<string, number>>): Uint32Array<ArrayBuffer> {
  const fields = fieldsOf(kernel).map(uniformField);
  const words = new Uint32Array(fields.length);
  const floats = new Float32Array(words.buffer);
  fields.forEach(({ name, type }, index) => {
    (type === 'f32' ? floats : words)[index] = values[name] ?? 0;
  });
  return words;
}

/** Workgroup counts of at most `limit` in each of two dimensions that cover `count`. */
export function splitWorkgroups(count: number, limit: number): readonly [number, number] {
  const y = Math.ceil(count / limit);
  return [Math.ceil(count / y), y];
}
