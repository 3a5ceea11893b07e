/** Generated convolutions, poolings and batch norms: every step and pad of its own, groups, windows that overlap or not. */
import fc from 'fast-check';
import { channelShape } from './channels.ts';
import { type Call, call, fixed, free, positive } from './gradient-calls.testing.ts';

const upTo = (max: number) => fc.integer({ min: 1, max });

/** One axis: a window with its stride, pads and dilation over `size` elements, and the `out` places that it takes. */
const axis = fc
  .record({ kernel: upTo(3), stride: upTo(3), dilation: upTo(2), before: fc.nat(2), after: fc.nat(2), more: fc.nat(3) })
  .map((a) => {
    const extent = a.dilation * (a.kernel - 1) + 1;
    const size = Math.max(1, extent - a.before - a.after) + a.more;
    return { ...a, size, out: Math.floor((size + a.before + a.after - extent) / a.stride) + 1 };
  });

const convolution = fc
  .record({ n: upTo(2), groups: upTo(2), c: upTo(2), o: upTo(2), down: axis, across: axis })
  .map(({ n, groups, c, o, down, across }) => ({
    x: [n, c * groups, down.size, across.size],
    kernel: [o * groups, c, down.kernel, across.kernel],
    y: [n, o * groups, down.out, across.out],
    attributes: {
      strides: [down.stride, across.stride],
      pads: [down.before, across.before, down.after, across.after],
      dilations: [down.dilation, across.dilation],
      groups,
    },
  }));

const pooling = fc.record({ n: upTo(2), c: upTo(2), down: axis, across: axis }).map(({ n, c, down, across }) => {
  // Pads stay below the window, which isn't dilated here.
  const [rows, columns] = [down, across].map((a) => ({
    ...a,
    before: Math.min(a.before, a.kernel - 1),
    after: Math.min(a.after, a.kernel - 1),
    size: a.kernel + a.more,
  })) as [typeof down, typeof across];
  const out = (a: typeof down) => Math.floor((a.size + a.before + a.after - a.kernel) / a.stride) + 1;
  return {
    x: [n, c, rows.size, columns.size],
    y: [n, c, out(rows), out(columns)],
    attributes: {
      kernel: [rows.kernel, columns.kernel],
      strides: [rows.stride, columns.stride],
      pads: [rows.before, columns.before, rows.after, columns.after],
    },
  };
});

const normed = fc.tuple(upTo(4), upTo(3), fc.array(upTo(3), { maxLength: 2 })).map(([n, c, rest]) => {
  const x = [n, c, ...rest];
  return { x, n, channels: [...channelShape(x)] };
});

export const visionCalls: Readonly<Record<string, fc.Arbitrary<Call>>> = {
  conv2d: convolution.map(({ x, kernel, attributes }) => call([free(...x), free(...kernel)], attributes)),
  conv2dInputGradient: convolution.map(({ x, kernel, y, attributes }) =>
    call([free(...y), free(...kernel)], { ...attributes, size: x.slice(2) }),
  ),
  conv2dKernelGradient: convolution.map(({ x, kernel, y, attributes }) =>
    call([free(...x), free(...y)], { ...attributes, kernel: kernel.slice(2) }),
  ),
  maxPool2d: pooling.map(({ x, attributes }) => call([free(...x)], attributes)),
  averagePool2d: fc
    .tuple(pooling, fc.boolean())
    .map(([{ x, attributes }, countPads]) => call([free(...x)], { ...attributes, countPads })),
  averagePool2dGradient: fc
    .tuple(pooling, fc.boolean())
    .map(([{ x, y, attributes }, countPads]) => call([free(...y)], { ...attributes, countPads, size: x.slice(2) })),
  channelMean: normed.map(({ x, n }) => call([free(...x), fixed(n)])),
  channelVariance: normed.map(({ x, n, channels }) => call([free(...x), free(...channels), fixed(n)])),
  batchNorm: normed.map(({ x, channels }) => {
    const each = free(...channels);
    return call([free(...x), each, each, each, positive(...channels)], { epsilon: 1e-2 });
  }),
};
