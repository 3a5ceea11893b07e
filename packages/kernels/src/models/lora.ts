/**
 * Low-rank adapters (Hu et al., 2021) on any model: its parameters are frozen, and every product with a targeted matrix W gets
 * a term of its own, x·W + (alpha / rank) · (x·Aᵀ)·Bᵀ, of which A [rank, in] and B [out, rank] are trained. Names and shapes
 * are those of PEFT. Which axis of a matrix is which is learnt from how the model uses it, so a model need not know of this.
 */
import { flag } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { GraphError } from '../graph/errors.ts';
import type { Attributes, ValueId } from '../graph/graph.ts';
import type { Emitter } from '../graph/op.ts';
import { matchesName } from './glob.ts';
import type { Layer, ParameterDeclaration, Scope } from './layer.ts';
import type { Model } from './model.ts';

export interface LoraSpec {
  readonly rank: number;
  /** The adapters' term is multiplied by alpha / rank. */
  readonly alpha: number;
  /** Which matrices: names without `.weight`, whole or their end after a dot, in which `*` stands for anything. */
  readonly targets: readonly string[];
}

const WEIGHT = '.weight';

/** A matrix that gets an adapter. */
export interface AdaptedMatrix {
  /** Its parameter's name, and those of its adapters. */
  readonly name: string;
  readonly down: string;
  readonly up: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Whether it is stored [outputs, inputs]. */
  readonly transposed: boolean;
}

const stemOf = (name: string): string => (name.endsWith(WEIGHT) ? name.slice(0, -WEIGHT.length) : name);

/** The matrices that `lora` adapts in a model. @throws GraphError for a target that matches none */
export function adaptedMatrices(model: Model, batch: number, { targets }: LoraSpec): readonly AdaptedMatrix[] {
  const matrices = matricesOf(model, batch);
  targets.forEach((target, index) => {
    if (matrices.some(({ name }) => matchesName(target, stemOf(name)))) return;
    const known = matrices.map(({ name }) => stemOf(name)).join(', ');
    throw new GraphError({
      op: 'model',
      place: `lora.targets[${index}]`,
      problem: `no matrix is called ${JSON.stringify(target)}`,
      mend: `Use names such as ${known.slice(0, 400) || 'those of another model: this one multiplies by no matrix'}.`,
    });
  });
  return matrices.filter(({ name }) => targets.some((target) => matchesName(target, stemOf(name))));
}

/** The model with adapters: what is trained comes first, then all that is frozen. */
export function withLora(model: Model, batch: number, lora: LoraSpec): Model {
  const matrices = adaptedMatrices(model, batch, lora);
  const base = model.body.parameters.map((parameter): ParameterDeclaration =>
    parameter.update === 'statistic' ? parameter : { ...parameter, update: 'frozen' },
  );
  const moving = base.filter(({ update }) => update === 'statistic');
  const still = base.filter(({ update }) => update === 'frozen');
  const body: Layer = {
    ...model.body,
    parameters: [...matrices.flatMap((matrix) => adapters(matrix, lora)), ...moving, ...still],
    apply: (scope, x) => model.body.apply({ ...scope, emit: new AdaptingEmitter(scope, matrices, lora) }, x),
  };
  return { ...model, body };
}

/** PEFT's initial values: A as a linear layer's, B zero, so that training starts from the model as it is. */
function adapters({ down, up, inputs, outputs }: AdaptedMatrix, { rank }: LoraSpec): ParameterDeclaration[] {
  const common = { decay: true, update: 'optimizer', fresh: true } as const;
  return [
    { ...common, name: down, shape: [rank, inputs], initialiser: { kind: 'uniform', bound: 1 / Math.sqrt(inputs) } },
    { ...common, name: up, shape: [outputs, rank], initialiser: { kind: 'constant', value: 0 } },
  ];
}

/** Emits what it is told, and the adapters' term behind every product with an adapted matrix. */
class AdaptingEmitter implements Emitter {
  readonly #scope: Scope;
  readonly #lora: LoraSpec;
  readonly #matrices: ReadonlyMap<ValueId, AdaptedMatrix>;

  constructor(scope: Scope, matrices: readonly AdaptedMatrix[], lora: LoraSpec) {
    this.#scope = scope;
    this.#lora = lora;
    this.#matrices = new Map(matrices.map((matrix) => [scope.parameter(matrix.name), matrix]));
  }

  typeOf(value: ValueId) {
    return this.#scope.emit.typeOf(value);
  }

  apply(op: string, inputs: readonly ValueId[], attributes: Attributes = {}): ValueId {
    const { emit, parameter } = this.#scope;
    const plain = emit.apply(op, inputs, attributes);
    const [x = -1, weight = -1] = inputs;
    const matrix = op === 'matmul' ? this.#matrices.get(weight) : undefined;
    if (matrix === undefined || flag(attributes, 'transposeB') !== matrix.transposed) return plain;
    const transposeA = flag(attributes, 'transposeA');
    const narrow = emit.apply('matmul', [x, parameter(matrix.down)], { transposeA, transposeB: true });
    const wide = emit.apply('matmul', [narrow, parameter(matrix.up)], { transposeA: false, transposeB: true });
    const factor = this.#lora.alpha / this.#lora.rank;
    return emit.apply('add', [plain, emit.apply('scale', [wide], { factor })]);
  }
}

/** Every parameter that stands as the right side of a product, by how it is first used there. */
function matricesOf({ body, input }: Model, batch: number): AdaptedMatrix[] {
  const builder = new GraphBuilder();
  const names = new Map<ValueId, string>();
  const values = new Map<string, ValueId>();
  for (const { name, shape } of body.parameters) {
    const value = builder.input(name, { dtype: 'f32', shape }, 'parameter');
    names.set(value, name);
    values.set(name, value);
  }
  const x = builder.input(input.name, { dtype: input.dtype, shape: [batch, ...input.shape] }, 'data');
  body.apply({ emit: builder, batch, parameter: (name) => values.get(name) ?? -1, training: null }, x);
  const found = new Map<string, AdaptedMatrix>();
  for (const { op, inputs, attributes } of builder.build().nodes) {
    const name = op === 'matmul' ? names.get(inputs[1] ?? -1) : undefined;
    if (name === undefined || found.has(name)) continue;
    const [rows = 1, columns = 1] = builder.shapeOf(inputs[1] ?? -1);
    const transposed = flag(attributes, 'transposeB');
    const [inner, outer] = transposed ? [columns, rows] : [rows, columns];
    const adapter = (which: string): string => `${stemOf(name)}.lora_${which}${WEIGHT}`;
    found.set(name, { name, down: adapter('A'), up: adapter('B'), inputs: inner, outputs: outer, transposed });
  }
  return [...found.values()];
}

type Views = Readonly<Record<string, Float32Array>>;

/**
 * Adds each adapter's product into its matrix, W + (alpha / rank) · B·A: a model without adapters that computes the same.
 * Sums are taken in float64 and rounded once.
 */
export function mergeAdapters(
  matrices: readonly AdaptedMatrix[],
  { rank, alpha }: LoraSpec,
  from: Views,
  into: Views,
): void {
  for (const { name, down, up, inputs, outputs, transposed } of matrices) {
    const [a, b, weight, target] = [from[down], from[up], from[name], into[name]];
    if (!a || !b || !weight || !target) continue;
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        let sum = 0;
        for (let r = 0; r < rank; r++) sum += b[o * rank + r]! * a[r * inputs + i]!;
        const at = transposed ? o * inputs + i : i * outputs + o;
        target[at] = weight[at]! + (alpha / rank) * sum;
      }
    }
  }
}
