/** The shapes of statistics over the channels, axis 1 of [n, c, …]. */
import { elements, type Shape } from './shape.ts';

/** What the weights of a batch count as when they sum to less, so that a batch of padding alone has mean 0. */
export const LEAST_WEIGHT = 2 ** -40;

/** The shape of one number a channel of an x of `shape`. */
export const channelShape = (shape: Shape): Shape => [shape[1] ?? 1, ...shape.slice(2).map(() => 1)];

/** Elements of one channel of one sample. */
export const planeOf = (shape: Shape): number => elements(shape.slice(2));
