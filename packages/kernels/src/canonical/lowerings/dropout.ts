/** The exact lowering of dropout: first the random words, then each element's factor. All of it is integers but one product. */
import { dropoutRule } from '../../ops/dropout-rule.ts';
import { KEY_INJECTIONS, KEY_PARITY, ROTATIONS } from '../../ops/threefry.ts';
import {
  add,
  and,
  axis,
  equal,
  float,
  indexOf,
  int,
  less,
  load,
  loadInt,
  multiply,
  or,
  select,
  shiftLeft,
  shiftRightLogical,
  size,
  xor,
} from '../build.ts';
import type { Expr } from '../expression.ts';
import { type ExactLowering, input, output, scratch } from '../kernel.ts';

const rotated = (x: Expr, by: number): Expr => or(shiftLeft(x, int(by)), shiftRightLogical(x, int(32 - by)));

/** Both words of Threefry-2x32-20; see `ops/threefry.ts`. */
function threefryWords(key: readonly [Expr, Expr], counter: readonly [Expr, Expr]): readonly [Expr, Expr] {
  const keys = [...key, xor(xor(int(KEY_PARITY), key[0]), key[1])];
  const keyAt = (index: number): Expr => keys[index % 3] ?? key[0];
  let [x, y] = [add(counter[0], key[0]), add(counter[1], key[1])];
  for (let injection = 1; injection <= KEY_INJECTIONS; injection++) {
    for (const rotation of injection % 2 === 1 ? ROTATIONS.slice(0, 4) : ROTATIONS.slice(4)) {
      x = add(x, y);
      y = xor(rotated(y, rotation), x);
    }
    [x, y] = [add(x, keyAt(injection)), add(add(y, keyAt(injection + 1)), int(injection))];
  }
  return [x, y];
}

export const dropoutExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ attributes, output: { shape } }) => {
    const { stream, threshold, scale } = dropoutRule(attributes);
    const draws = Math.ceil(shape.reduce((product, each) => product * each, 1) / 4);
    const [first, second] = threefryWords([loadInt(0, int(0)), loadInt(0, int(1))], [axis(0), size(stream | 0)]);
    const place = indexOf(
      shape,
      shape.map((_, at) => axis(at)),
    );
    const word = loadInt(1, shiftRightLogical(place, int(1)));
    const chance = and(shiftRightLogical(word, shiftLeft(and(place, int(1)), int(4))), int(0xffff));
    const kept = multiply(load(0, place), float(scale));
    return {
      calls: [
        {
          kind: 'map',
          operands: [input(1)],
          output: scratch(0),
          shape: [draws, 2],
          value: select(equal(axis(1), int(0)), first, second),
        },
        {
          kind: 'map',
          operands: [input(0), scratch(0)],
          output,
          shape,
          value: select(less(chance, size(threshold)), float(0), kept),
        },
      ],
      scratch: [{ dtype: 'i32', shape: [draws, 2] }],
    };
  },
};
