/** The legality of one op call: op known, operand types and attributes as declared, then the op's own shape rule. */
import { ops } from '../ops/index.ts';
import { GraphError } from './errors.ts';
import type { TensorType } from './graph.ts';
import type { AttributeKind, OpCall, OpDefinition } from './op.ts';

/** Largest rank of a tensor: lowerings unroll index arithmetic up to it. */
const MAX_RANK = 6;
/** Most elements of one tensor, so that byte offsets and random counters (six words an element) fit 32 bits. */
const MAX_ELEMENTS = 2 ** 29;

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const attributeChecks: Readonly<Record<AttributeKind, (value: unknown) => boolean>> = {
  flag: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number' && Number.isFinite(Math.fround(value)),
  natural: isNatural,
  naturals: (value) => Array.isArray(value) && value.every(isNatural),
};

/** The definition of `name`. @throws GraphError */
export function definitionOf(name: string, place: string): OpDefinition {
  const definition = Object.hasOwn(ops, name) ? ops[name] : undefined;
  if (definition) return definition;
  throw new GraphError({
    op: name,
    place,
    problem: 'there is no such op',
    mend: `Use one of: ${Object.keys(ops).join(', ')}.`,
  });
}

/** Checks that a type's shape is within limits. @throws GraphError */
export function checkType(type: TensorType, { op, place }: { op: string; place: string }): void {
  const problem = typeProblem(type);
  if (problem === null) return;
  throw new GraphError({
    op,
    place,
    problem,
    mend: `Use f32 or i32 tensors of rank ≤ ${MAX_RANK}, every dimension ≥ 1, at most ${MAX_ELEMENTS} elements.`,
  });
}

function typeProblem({ dtype, shape }: TensorType): string | null {
  if (dtype !== 'f32' && dtype !== 'i32') return `unknown dtype ${String(dtype)}`;
  if (!Array.isArray(shape) || shape.length > MAX_RANK) return `rank is above ${MAX_RANK}`;
  if (!shape.every((dimension) => isNatural(dimension) && dimension >= 1)) return `illegal shape [${shape}]`;
  if (shape.reduce((product, dimension) => product * dimension, 1) > MAX_ELEMENTS)
    return `shape [${shape}] is too large`;
  return null;
}

/** The output type of a legal call. @throws GraphError naming op and place */
export function inferCall(call: OpCall): TensorType {
  const definition = definitionOf(call.op, call.place);
  checkOperands(call, definition);
  checkAttributes(call, definition);
  const output = definition.infer(call);
  checkType(output, call);
  return output;
}

function checkOperands(call: OpCall, { operands }: OpDefinition): void {
  const kinds = 'variadic' in operands ? call.inputs.map(() => operands.variadic) : operands;
  const enough = 'variadic' in operands ? call.inputs.length >= 1 : call.inputs.length === kinds.length;
  const wrong = call.inputs.findIndex((type, index) => kinds[index] !== 'any' && kinds[index] !== type.dtype);
  if (enough && wrong < 0) return;
  const problem = enough
    ? `operand ${wrong} is ${call.inputs[wrong]?.dtype}, expected ${kinds[wrong]}`
    : `got ${call.inputs.length} operands, expected ${'variadic' in operands ? 'at least 1' : kinds.length}`;
  throw new GraphError({ op: call.op, place: call.place, problem, mend: 'Pass the operands that the op declares.' });
}

function checkAttributes(call: OpCall, { attributes: declared }: OpDefinition): void {
  const unknown = Object.keys(call.attributes).find((key) => !Object.hasOwn(declared, key));
  const bad = Object.entries(declared).find(([key, kind]) => !attributeChecks[kind](call.attributes[key]));
  if (unknown === undefined && bad === undefined) return;
  const problem =
    unknown === undefined
      ? `attribute ${bad?.[0]} must be a ${bad?.[1]}, got ${JSON.stringify(call.attributes[bad?.[0] ?? ''])}`
      : `unknown attribute ${unknown}`;
  throw new GraphError({
    op: call.op,
    place: call.place,
    problem,
    mend: `The op's attributes are: ${
      Object.entries(declared)
        .map(([key, kind]) => `${key} (${kind})`)
        .join(', ') || 'none'
    }.`,
  });
}
