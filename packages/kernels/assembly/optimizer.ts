/**
 * Optimizer steps over blocks of f32. All scalars are rounded to f32 by the host; every operation here is one f32
 * `+ − × ÷ sqrt`. Moments below the smallest normal number are stored as +0: decay would otherwise leave them denormal
 * for ever (β·x rounds back up to x), which costs a hundredfold in speed on many CPUs.
 */

const SMALLEST_NORMAL: f32 = 1.1754943508222875e-38;

function flush4(values: v128): v128 {
  return v128.and(values, f32x4.ge(f32x4.abs(values), f32x4.splat(SMALLEST_NORMAL)));
}

function flush(value: f32): f32 {
  return abs<f32>(value) >= SMALLEST_NORMAL ? value : 0;
}

/**
 * One AdamW step:
 *
 *     g = clip · gradient
 *     m = flush(β₁·m + (1−β₁)·g)
 *     v = flush(β₂·v + (1−β₂)·(g·g))
 *     θ = keep·θ − (rate·m) ÷ (√v·inverseRoot + ε)
 *
 * with keep = 1 − learningRate·weightDecay (1 where decay does not apply), rate = learningRate ÷ (1−β₁ᵗ) and
 * inverseRoot = 1 ÷ √(1−β₂ᵗ).
 */
export function adamw(
  parameters: usize,
  gradient: usize,
  first: usize,
  second: usize,
  n: i32,
  clip: f32,
  keep: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  rate: f32,
  inverseRoot: f32,
  epsilon: f32,
): void {
  const body = (<usize>(n & ~3)) << 2;
  const end = (<usize>n) << 2;
  let at: usize = 0;
  for (; at < body; at += 16) {
    const g = f32x4.mul(f32x4.splat(clip), v128.load(gradient + at));
    const m = flush4(f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(first + at)), f32x4.mul(f32x4.splat(rest1), g)));
    const v = flush4(
      f32x4.add(f32x4.mul(f32x4.splat(beta2), v128.load(second + at)), f32x4.mul(f32x4.splat(rest2), f32x4.mul(g, g))),
    );
    const divisor = f32x4.add(f32x4.mul(f32x4.sqrt(v), f32x4.splat(inverseRoot)), f32x4.splat(epsilon));
    const step = f32x4.div(f32x4.mul(f32x4.splat(rate), m), divisor);
    v128.store(first + at, m);
    v128.store(second + at, v);
    v128.store(parameters + at, f32x4.sub(f32x4.mul(f32x4.splat(keep), v128.load(parameters + at)), step));
  }
  for (; at < end; at += 4) {
    const g = clip * load<f32>(gradient + at);
    const m = flush(beta1 * load<f32>(first + at) + rest1 * g);
    const v = flush(beta2 * load<f32>(second + at) + rest2 * (g * g));
    const step = (rate * m) / (sqrt<f32>(v) * inverseRoot + epsilon);
    store<f32>(first + at, m);
    store<f32>(second + at, v);
    store<f32>(parameters + at, keep * load<f32>(parameters + at) - step);
  }
}

/** One plain descent step: θ = keep·θ − rate·(clip·gradient). */
export function descend(parameters: usize, gradient: usize, n: i32, clip: f32, keep: f32, rate: f32): void {
  const body = (<usize>(n & ~3)) << 2;
  const end = (<usize>n) << 2;
  let at: usize = 0;
  for (; at < body; at += 16) {
    const g = f32x4.mul(f32x4.splat(clip), v128.load(gradient + at));
    const kept = f32x4.mul(f32x4.splat(keep), v128.load(parameters + at));
    v128.store(parameters + at, f32x4.sub(kept, f32x4.mul(f32x4.splat(rate), g)));
  }
  for (; at < end; at += 4) {
    const g = clip * load<f32>(gradient + at);
    store<f32>(parameters + at, keep * load<f32>(parameters + at) - rate * g);
  }
}

/**
 * One momentum step: g = clip·gradient; u = flush(μ·u + g); d = u, or g + μ·u with Nesterov's look-ahead;
 * θ = keep·θ − rate·d.
 */
export function momentum(
  parameters: usize,
  gradient: usize,
  velocity: usize,
  n: i32,
  clip: f32,
  keep: f32,
  mu: f32,
  rate: f32,
  nesterov: bool,
): void {
  const body = (<usize>(n & ~3)) << 2;
  const end = (<usize>n) << 2;
  let at: usize = 0;
  for (; at < body; at += 16) {
    const g = f32x4.mul(f32x4.splat(clip), v128.load(gradient + at));
    const u = flush4(f32x4.add(f32x4.mul(f32x4.splat(mu), v128.load(velocity + at)), g));
    const direction = nesterov ? f32x4.add(g, f32x4.mul(f32x4.splat(mu), u)) : u;
    const kept = f32x4.mul(f32x4.splat(keep), v128.load(parameters + at));
    v128.store(velocity + at, u);
    v128.store(parameters + at, f32x4.sub(kept, f32x4.mul(f32x4.splat(rate), direction)));
  }
  for (; at < end; at += 4) {
    const g = clip * load<f32>(gradient + at);
    const u = flush(mu * load<f32>(velocity + at) + g);
    const direction = nesterov ? g + mu * u : u;
    store<f32>(velocity + at, u);
    store<f32>(parameters + at, keep * load<f32>(parameters + at) - rate * direction);
  }
}
