/** The graph as text, one node a line: what a person reads in a bug report and what the hash is taken over. */
import type { Attributes, Graph, GraphNode, TensorType, ValueId } from './graph.ts';

const typeText = ({ dtype, shape }: TensorType): string => `${dtype}[${shape.join(',')}]`;
const valueText = (value: ValueId): string => `%${value}`;

/** JSON, but with −0 told apart from 0: calls with equal text are shared, so text must keep every bit. */
const attributeText = (value: Attributes[string] | undefined): string =>
  Object.is(value, -0) ? '-0' : JSON.stringify(value);

/** Keys in code-unit order, so that equal attributes have equal text. */
function attributesText(attributes: Attributes): string {
  const keys = Object.keys(attributes).sort((a, b) => (a < b ? -1 : 1));
  return keys.length === 0 ? '' : ` {${keys.map((key) => `${key}: ${attributeText(attributes[key])}`).join(', ')}}`;
}

/** `matmul(%0, %1) {transposeA: false, transposeB: true} : f32[2,3]` */
export const nodeText = ({ op, inputs, attributes, output }: GraphNode): string =>
  `${op}(${inputs.map(valueText).join(', ')})${attributesText(attributes)} : ${typeText(output)}`;

export function printGraph({ inputs, nodes, outputs }: Graph): string {
  return [
    ...inputs.map(({ name, type, role }, i) => `${valueText(i)} = ${role} ${JSON.stringify(name)} : ${typeText(type)}`),
    ...nodes.map((node, i) => `${valueText(inputs.length + i)} = ${nodeText(node)}`),
    ...outputs.map(({ name, value }) => `return ${JSON.stringify(name)} ${valueText(value)}`),
    '',
  ].join('\n');
}
