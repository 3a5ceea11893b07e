/** Constants in their smallest form: an expanded mask is kept once, not once a sample. */
import { elements, type Shape } from '../../ops/shape.ts';
import type { Numbers } from './recorder.ts';

export const isUniform = (values: Numbers): boolean => values.every((value) => Object.is(value, values[0]));

/** The tensor without the axes along which it repeats itself (their size becomes 1). */
export function compressed(
  shape: Shape,
  values: Numbers,
): { readonly shape: readonly number[]; readonly values: Numbers } {
  let [kept, held]: [number[], Numbers] = [[...shape], values];
  for (let axis = 0; axis < shape.length; axis++) {
    if (kept[axis] === 1 || !repeats(kept, held, axis)) continue;
    held = firstAlong(kept, held, axis);
    kept = kept.with(axis, 1);
  }
  return { shape: kept, values: held };
}

/** Whether all slices across `axis` are equal. */
function repeats(shape: Shape, values: Numbers, axis: number): boolean {
  const inner = elements(shape.slice(axis + 1));
  const count = shape[axis] ?? 1;
  return values.every((value, at) => {
    const along = Math.floor(at / inner) % count;
    return Object.is(value, values[at - along * inner]);
  });
}

function firstAlong(shape: Shape, values: Numbers, axis: number): Numbers {
  const inner = elements(shape.slice(axis + 1));
  const count = shape[axis] ?? 1;
  return values.filter((_, at) => Math.floor(at / inner) % count === 0);
}
