/**
 * Attention and its gradients without a matrix of probabilities, after FlashAttention (Dao et al., 2022): each lane owns one
 * row (a query, or a key where keys' gradients are made) in registers and walks over the other side, which the workgroup
 * brings into its memory a tile at a time. Probabilities are worked out where they are needed and forgotten.
 *
 * A kernel's source depends on the size of a head, whose rows are unrolled into registers; all other sizes are uniforms.
 * Where an adapter runs on a CPU, products and a softmax in memory are faster (its matrix product is tuned for it, and
 * barriers are dear): there an op expands, as long as the probabilities stay small. Measured, forward and backward of 4 heads
 * of 32 elements over 64 and 256 rows: 2.9 and 3.8 times on lavapipe, 7 and 4 times on SwiftShader.
 */
import type { KernelBinding, LoweringContext, Operand, WgslLowering } from '../lowering.ts';
import { groupsOf } from '../wgsl.ts';
import { input, output } from './lanes.ts';

const LANES = 64;
/** Floats of workgroup memory that two tiles may take: 12 KiB of the 16 that every device has. */
const TILE_FLOATS = 3072;
/** Rows of more elements would not stay in registers. */
const MAX_HEAD = 128;
/** Most bytes of probabilities that are worth keeping on an adapter that runs on a CPU. */
const MAX_EXPANDED_BYTES = 2 ** 27;

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly groups: number;
  readonly n: number;
  readonly m: number;
  readonly d: number;
}

function sizesOf({ inputs: [q, k] }: LoweringContext): Sizes {
  const [batch = 1, heads = 1, n = 1, d = 1] = q?.shape ?? [];
  const [, groups = 1, m = 1] = k?.shape ?? [];
  return { batch, heads, groups, n, m, d };
}

function expands(context: LoweringContext): boolean {
  const { batch, heads, n, m, d } = sizesOf(context);
  return d > MAX_HEAD || (context.traits.software && 4 * batch * heads * n * m <= MAX_EXPANDED_BYTES);
}

/** Writes the parts of a kernel for heads of `d` elements, in vectors of four. */
class Writer {
  readonly d: number;
  /** Vectors a row. */
  readonly width: number;
  /** Rows of a tile. */
  readonly tile: number;

  constructor(d: number) {
    this.d = d;
    this.width = Math.ceil(d / 4);
    this.tile = Math.max(1, Math.min(32, Math.floor(TILE_FLOATS / (8 * this.width))));
  }

  get element(): KernelBinding['element'] {
    return this.d % 4 === 0 ? 'vec4<f32>' : 'f32';
  }

  /** A statement for each vector of a row. */
  each(statement: (c: number) => string): string {
    return Array.from({ length: this.width }, (_, c) => statement(c)).join('\n');
  }

  /** The sum of products of two rows given by their vectors. */
  dot(a: (c: number) => string, b: (c: number) => string): string {
    return Array.from({ length: this.width }, (_, c) => `dot(${a(c)}, ${b(c)})`).join(' + ');
  }

  /** A function that reads vector `c` of a row of the binding `name`, padded with zeros. */
  reader(name: string): string {
    const { d, width } = this;
    const body =
      d % 4 === 0
        ? `return ${name}[row * ${width}u + c];`
        : `let at = row * ${d}u + c * 4u; let left = ${d}u - c * 4u;
var four = vec4f(${name}[at], 0.0f, 0.0f, 0.0f);
if (left > 1u) { four.y = ${name}[at + 1u]; }
if (left > 2u) { four.z = ${name}[at + 2u]; }
if (left > 3u) { four.w = ${name}[at + 3u]; }
return four;`;
    return `fn read_${name}(row: u32, c: u32) -> vec4f {\n${body}\n}`;
  }

  /** Declares row `row` of a binding as registers `prefix0`, `prefix1`, … */
  rowOf(prefix: string, name: string, row: string): string {
    return this.each((c) => `let ${prefix}${c} = read_${name}(${row}, ${c}u);`);
  }

  zeros(prefix: string): string {
    return this.each((c) => `var ${prefix}${c} = vec4f();`);
  }

  /** Stores registers as row `row` of the binding `name`. */
  store(name: string, row: string, value: (c: number) => string): string {
    if (this.d % 4 === 0) return this.each((c) => `${name}[${row} * ${this.width}u + ${c}u] = ${value(c)};`);
    return this.each((c) => {
      const elements = Array.from({ length: Math.min(4, this.d - 4 * c) }, (_, e) => e);
      const stores = elements.map((e) => `${name}[${row} * ${this.d}u + ${4 * c + e}u] = four[${e}];`);
      return `{ let four = ${value(c)}; ${stores.join(' ')} }`;
    });
  }

  /** Workgroup memory for tiles of the named bindings, and how they are filled from row `first` up to `end`. */
  tiles(...names: string[]): { prelude: string; fill: string } {
    const { tile, width } = this;
    const prelude = names.map((name) => `var<workgroup> tile_${name}: array<vec4f, ${tile * width}>;`).join('\n');
    const loads = names.map(
      (name) => `tile_${name}[at] = read_${name}(rows + first + at / ${width}u, at % ${width}u);`,
    );
    const fill = `for (var at = lane; at < ${tile * width}u; at += ${LANES}u) {
if (first + at / ${width}u < end) { ${loads.join(' ')} }
}`;
    return { prelude, fill };
  }

  /** Vector `c` of row `j` of a tile. */
  shared(name: string): (c: number) => string {
    return (c) => `tile_${name}[j * ${this.width}u + ${c}u]`;
  }
}

const own =
  (prefix: string) =>
  (c: number): string =>
    `${prefix}${c}`;

/** Sizes and the block of rows that a workgroup takes: `lengths` of the side that lanes own. */
const UNIFORMS = ['heads', 'repeat', 'n', 'm', 'causal', 'blocks', 'count', 'factor: f32'] as const;

interface Pass {
  readonly name: string;
  readonly bindings: readonly string[];
  /** What its rows are read from: names of bindings of whole rows, in `bindings`. */
  readonly rows: readonly string[];
  /** The side whose rows lanes own. */
  readonly owner: 'query' | 'key';
  readonly result: 'row' | 'number';
  source(writer: Writer): { readonly prelude: string; readonly body: string };
}

/**
 * The walk of a query over the keys that it sees: `before` once, `step` for each key `j` of the tile, `key` being its
 * number, `after` once. In scope: `query`, the query's row among all, and `i` within its head.
 */
const walkKeys = (
  writer: Writer,
  tiles: readonly string[],
  { before, step, after }: { before: string; step: string; after: string },
): { prelude: string; body: string } => {
  const { prelude, fill } = writer.tiles(...tiles);
  const body = `
let head = group / dims.blocks;
let block = group % dims.blocks;
let i = min(block * ${LANES}u + lane, dims.n - 1u);
let query = head * dims.n + i;
let rows = head / dims.repeat * dims.m;
var end = dims.m;
if (dims.causal == 1u) { end = min(end, min((block + 1u) * ${LANES}u, dims.n)); }
${before}
for (var first = 0u; first < end; first += ${writer.tile}u) {
workgroupBarrier();
${fill}
workgroupBarrier();
let many = min(${writer.tile}u, end - first);
for (var j = 0u; j < many; j++) {
if (dims.causal == 0u || first + j <= i) {
${step}
}
}
}
if (block * ${LANES}u + lane < dims.n) {
${after}
}`;
  return { prelude, body };
};

/**
 * The walk of a key over the queries that see it, those of all query heads of its key head. In scope: `key`, the key's row
 * among all, and for each step `normaliser`, the query's logSum.
 */
const walkQueries = (
  writer: Writer,
  tiles: readonly string[],
  { before, numbers, step, after }: { before: string; numbers: string; step: string; after: string },
): { prelude: string; body: string } => {
  const { prelude, fill } = writer.tiles(...tiles);
  const body = `
let keyHead = group / dims.blocks;
let block = group % dims.blocks;
let column = min(block * ${LANES}u + lane, dims.m - 1u);
let key = keyHead * dims.m + column;
var start = 0u;
if (dims.causal == 1u) { start = block * ${LANES}u; }
let end = dims.n;
${before}
for (var member = 0u; member < dims.repeat; member++) {
let rows = (keyHead * dims.repeat + member) * dims.n;
for (var first = start; first < end; first += ${writer.tile}u) {
workgroupBarrier();
${fill}
if (lane < ${writer.tile}u && first + lane < end) {
let query = rows + first + lane;
${numbers}
}
workgroupBarrier();
let many = min(${writer.tile}u, end - first);
for (var j = 0u; j < many; j++) {
if (dims.causal == 0u || column <= first + j) {
${step}
}
}
}
}
if (block * ${LANES}u + lane < dims.m) {
${after}
}`;
  const numbersPrelude = ['normalisers', 'deltas'].map((name) => `var<workgroup> ${name}: array<f32, ${writer.tile}>;`);
  return { prelude: [prelude, ...numbersPrelude].join('\n'), body };
};

/** Running maximum and sum of exponentials; `rescale` brings what was summed before under the new maximum. */
const online = (rescale: string): string => `
if (score > top) {
let shrink = exp(top - score);
total *= shrink;
${rescale}
top = score;
}
let weight = exp(score - top);
total += weight;`;

const forward: Pass = {
  name: 'attention',
  bindings: ['q', 'k', 'v'],
  rows: ['q', 'k', 'v'],
  owner: 'query',
  result: 'row',
  source: (w) =>
    walkKeys(w, ['k', 'v'], {
      before: `${w.rowOf('q', 'q', 'query')}\n${w.zeros('y')}\nvar top = -3.4028234e38f;\nvar total = 0.0f;`,
      step: `let score = dims.factor * (${w.dot(own('q'), w.shared('k'))});
${online(w.each((c) => `y${c} *= shrink;`))}
${w.each((c) => `y${c} += weight * ${w.shared('v')(c)};`)}`,
      after: `let inverse = 1.0f / total;\n${w.store('result', 'query', (c) => `y${c} * inverse`)}`,
    }),
};

const logSum: Pass = {
  name: 'attentionLogSum',
  bindings: ['q', 'k'],
  rows: ['q', 'k'],
  owner: 'query',
  result: 'number',
  source: (w) =>
    walkKeys(w, ['k'], {
      before: `${w.rowOf('q', 'q', 'query')}\nvar top = -3.4028234e38f;\nvar total = 0.0f;`,
      step: `let score = dims.factor * (${w.dot(own('q'), w.shared('k'))});\n${online('')}`,
      after: 'result[query] = top + log(total);',
    }),
};

const queryGradient: Pass = {
  name: 'attentionQueryGradient',
  bindings: ['q', 'k', 'v', 'y', 'dy', 'logSum'],
  rows: ['q', 'k', 'v', 'y', 'dy'],
  owner: 'query',
  result: 'row',
  source: (w) =>
    walkKeys(w, ['k', 'v'], {
      before: `${w.rowOf('q', 'q', 'query')}\n${w.rowOf('g', 'dy', 'query')}\n${w.zeros('r')}
let delta = ${w.dot(own('g'), (c) => `read_y(query, ${c}u)`)};
let normaliser = logSum[query];`,
      step: `let score = dims.factor * (${w.dot(own('q'), w.shared('k'))});
let change = exp(score - normaliser) * (${w.dot(own('g'), w.shared('v'))} - delta);
${w.each((c) => `r${c} += change * ${w.shared('k')(c)};`)}`,
      after: w.store('result', 'query', (c) => `dims.factor * r${c}`),
    }),
};

const keyGradient: Pass = {
  name: 'attentionKeyGradient',
  bindings: ['q', 'k', 'v', 'y', 'dy', 'logSum'],
  rows: ['q', 'k', 'v', 'y', 'dy'],
  owner: 'key',
  result: 'row',
  source: (w) =>
    walkQueries(w, ['q', 'dy'], {
      before: `${w.rowOf('k', 'k', 'key')}\n${w.rowOf('v', 'v', 'key')}\n${w.zeros('r')}`,
      numbers: `normalisers[lane] = logSum[query];
deltas[lane] = ${w.dot(
        (c) => `read_y(query, ${c}u)`,
        (c) => `read_dy(query, ${c}u)`,
      )};`,
      step: `let score = dims.factor * (${w.dot(own('k'), w.shared('q'))});
let change = exp(score - normalisers[j]) * (${w.dot(own('v'), w.shared('dy'))} - deltas[j]);
${w.each((c) => `r${c} += change * ${w.shared('q')(c)};`)}`,
      after: w.store('result', 'key', (c) => `dims.factor * r${c}`),
    }),
};

const valueGradient: Pass = {
  name: 'attentionValueGradient',
  bindings: ['q', 'k', 'dy', 'logSum'],
  rows: ['q', 'k', 'dy'],
  owner: 'key',
  result: 'row',
  source: (w) =>
    walkQueries(w, ['q', 'dy'], {
      before: `${w.rowOf('k', 'k', 'key')}\n${w.zeros('r')}`,
      numbers: 'normalisers[lane] = logSum[query];',
      step: `let weight = exp(dims.factor * (${w.dot(own('k'), w.shared('q'))}) - normalisers[j]);
${w.each((c) => `r${c} += weight * ${w.shared('dy')(c)};`)}`,
      after: w.store('result', 'key', (c) => `r${c}`),
    }),
};

function lowering(pass: Pass): WgslLowering {
  return {
    kind: 'kernels',
    // Where the others expand, nobody reads the log-sums, and their node is gone.
    ...(pass !== logSum && { expands }),
    lower: (context) => ({ calls: [callOf(pass, context)] }),
  };
}

function callOf(pass: Pass, context: LoweringContext) {
  const { batch, heads, groups, n, m, d } = sizesOf(context);
  const writer = new Writer(d);
  const { prelude, body } = pass.source(writer);
  const binding = (name: string): KernelBinding => ({
    name,
    element: pass.rows.includes(name) ? writer.element : 'f32',
    access: 'read',
  });
  const operands: Operand[] = [...pass.bindings.map((_, index) => input(index)), output];
  const blocks = groupsOf(pass.owner === 'query' ? n : m, LANES);
  const count = batch * (pass.owner === 'query' ? heads : groups) * blocks;
  const causal = context.attributes['causal'] === true ? 1 : 0;
  const factor = context.attributes['factor'] as number;
  return {
    kernel: {
      key: `${pass.name} d=${d}`,
      uniforms: UNIFORMS,
      bindings: [
        ...pass.bindings.map(binding),
        {
          name: 'result',
          element: pass.result === 'row' ? writer.element : ('f32' as const),
          access: 'read_write' as const,
        },
      ],
      workgroupSize: LANES,
      prelude: [...pass.rows.map((name) => writer.reader(name)), prelude].join('\n'),
      body: `if (group >= dims.count) { return; }\n${body}`,
    },
    uniforms: { heads, repeat: heads / groups, n, m, causal, blocks, count, factor },
    operands,
    workgroups: count,
  };
}

export const attentionLowering = lowering(forward);
export const attentionLogSumLowering = lowering(logSum);
export const attentionQueryGradientLowering = lowering(queryGradient);
export const attentionKeyGradientLowering = lowering(keyGradient);
export const attentionValueGradientLowering = lowering(valueGradient);
