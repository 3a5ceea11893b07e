/** Dropout: in training, where the file was exported for training; elsewhere nothing. */
import type { Conversion, NodeContext, Value } from './node-context.ts';
import { refuseNode } from './refusal.ts';

/** ONNX's ratio where none is given. */
const DEFAULT_RATIO = 0.5;

function dropout(context: NodeContext): Value[] {
  const x = context.input(0);
  const [ratio, mode] = [context.optional(1), context.optional(2)];
  const rate = ratio === null ? DEFAULT_RATIO : (context.scalar(ratio) ?? refuseNode('its ratio depends on the data'));
  const active = mode !== null && (context.scalar(mode) ?? refuseNode('its training mode depends on the data')) !== 0;
  const { training } = context.setting;
  if (!active || rate === 0 || training === null) return [x];
  // Each dropout of the file draws from a stream of its own.
  const id = context.apply('dropout', [x.id, training.seed], { rate, stream: context.node.index });
  return [{ id, element: x.element }];
}

export const dropoutConversions: Readonly<Record<string, Conversion>> = {
  Dropout: { convert: dropout, flows: (index) => index === 0 },
};
