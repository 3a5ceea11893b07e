/** An ONNX file as a model to train: read once, bound to batch sizes as they are needed. */
import { OnnxImportError, type ImportIssue } from './errors.ts';
import { supportedOperators } from './convert/index.ts';
import { convertGraph, type ConvertedGraph, type ConvertOptions } from './convert/convert-graph.ts';
import { isFloat } from './convert/node-context.ts';
import type { Graph } from '../graph/graph.ts';
import type { ParameterUpdate } from '../graph/parameter-layout.ts';
import { elements } from '../ops/shape.ts';
import { elementTypeOf, type FileNode, type FileValue, type OnnxFile } from './reader/model-file.ts';
import { readOnnx, SUPPORTED_OPSETS } from './reader/read-onnx.ts';
import { isTooLarge, samplesAreApart } from './samples-apart.ts';
import { tensorElements } from './reader/tensor-elements.ts';
import { weightRoles, type WeightChoice, type WeightRole } from './weights.ts';

export interface OnnxModelOptions extends WeightChoice {
  /** The output that is trained; needed where the file has several. */
  readonly output?: string | undefined;
}

/** A tensor that the graphs read as a parameter. */
export interface ImportedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Matrices and kernels; not biases and norms (rank 1). */
  readonly decay: boolean;
  readonly update: ParameterUpdate;
}

/** The model at one batch size. */
export interface BoundModel {
  readonly batch: number;
  readonly input: { readonly dtype: 'f32' | 'i32'; readonly shape: readonly number[] };
  /** [batch, …] */
  readonly outputShape: readonly number[];
  readonly parameters: readonly ImportedParameter[];
  /** As for training: batch statistics, dropout. */
  readonly train: Graph;
  /** As for evaluation and use. */
  readonly evaluate: Graph;
}

export class OnnxModel {
  readonly #file: OnnxFile;
  readonly #nodes: readonly FileNode[];
  readonly #roles: ReadonlyMap<string, WeightRole>;
  readonly #constants = new Map<string, Float32Array>();
  readonly #output: string;
  readonly #input: FileValue;
  #triedOut = false;

  /** @throws OnnxFileError, OnnxImportError */
  constructor(bytes: Uint8Array, options: OnnxModelOptions = {}) {
    this.#file = readOnnx(bytes);
    this.#output = chosenOutput(this.#file, options.output);
    this.#nodes = neededNodes(this.#file, this.#output);
    this.#input = dataInput(this.#file, this.#nodes);
    this.#roles = weightRoles(this.#file, this.#nodes, this.#output, options);
  }

  /** The names that the file gives its input and its output. */
  get names(): { readonly input: string; readonly output: string } {
    return { input: this.#input.name, output: this.#output };
  }

  /** Whether the file takes whole numbers as int64. */
  get takesInt64(): boolean {
    return elementTypeOf(this.#input.dataType) === 'i64';
  }

  /**
   * The graphs for `batch` samples of shape `sample`. A dimension that the file fixes must be the sample's, or hold as many
   * elements ([784] for an image of [1, 28, 28]).
   * @throws OnnxImportError with everything that can't be imported
   */
  bind(batch: number, sample: readonly number[]): BoundModel {
    const options = this.#optionsFor(batch, sample);
    if (options.fileBatch !== null && options.fileBatch !== batch) this.#tryOut(options.fileBatch, sample);
    const [train, evaluate] = [this.#convert(options, true), this.#convert(options, false)];
    this.#checkOutput(evaluate, batch);
    const { dtype, shape } = options.input;
    return {
      batch,
      input: { dtype, shape },
      outputShape: evaluate.outputShape,
      parameters: this.#parameters(train, evaluate),
      train: train.graph,
      evaluate: evaluate.graph,
    };
  }

  /** The file's elements of a parameter of a graph that was bound. */
  valuesOf(name: string): Float32Array {
    const constant = this.#constants.get(name);
    if (constant !== undefined) return constant;
    const tensor = this.#file.initializers.find((candidate) => candidate.name === name);
    if (tensor === undefined) throw new RangeError(`There is no parameter ${name}. Bind the model first.`);
    return Float32Array.from(tensorElements(tensor).values);
  }

  #optionsFor(batch: number, sample: readonly number[]): Omit<ConvertOptions, 'training'> {
    return {
      file: this.#file,
      nodes: this.#nodes,
      roles: this.#roles,
      output: this.#output,
      input: { ...boundInput(this.#input, batch, sample), name: this.#input.name },
      batch,
      fileBatch: typeof this.#input.shape?.[0] === 'number' ? this.#input.shape[0] : null,
    };
  }

  /** Once: whether a file with a fixed batch means what its scaled shapes say. */
  #tryOut(fileBatch: number, sample: readonly number[]): void {
    if (this.#triedOut) return;
    const own = this.#evaluateAt(fileBatch, sample);
    const problem = this.#scalingProblem(own, fileBatch, sample);
    if (problem !== null)
      throw new OnnxImportError({
        issues: [{ place: `the batch of input "${this.#input.name}"`, problem: `it is ${fileBatch}, and ${problem}` }],
        mend: 'Export the model with a free batch dimension (dynamic_axes).',
      });
    this.#triedOut = true;
  }

  #scalingProblem(own: Graph, fileBatch: number, sample: readonly number[]): string | null {
    const unread = "shapes inside of the model can't be read for others";
    try {
      const wider = this.#evaluateAt(2 * fileBatch, sample);
      if (isTooLarge(wider)) return 'the model is too large for trying out whether its shapes can be read for others';
      return samplesAreApart(own, wider, (name) => this.valuesOf(name)) ? null : unread;
    } catch (error) {
      if (!(error instanceof OnnxImportError)) throw error;
      return `${unread} (${error.issues[0]?.problem})`;
    }
  }

  #evaluateAt(batch: number, sample: readonly number[]): Graph {
    const converted = this.#convert(this.#optionsFor(batch, sample), false);
    this.#checkOutput(converted, batch);
    return converted.graph;
  }

  #convert(options: Omit<ConvertOptions, 'training'>, training: boolean): ConvertedGraph {
    const converted = convertGraph({ ...options, training });
    if ('graph' in converted) {
      for (const { name, values } of converted.constants) this.#constants.set(name, Float32Array.from(values));
      return converted;
    }
    throw unsupported(converted);
  }

  /** In the file's order; constants that follow from it last, by name. */
  #parameters(...graphs: readonly ConvertedGraph[]): ImportedParameter[] {
    const shapes = new Map(
      graphs.flatMap(({ graph }) =>
        graph.inputs.filter(({ role }) => role === 'parameter').map(({ name, type }) => [name, type.shape]),
      ),
    );
    const own = this.#file.initializers.map(({ name }) => name).filter((name) => shapes.has(name));
    const derived = [...shapes.keys()].filter((name) => !own.includes(name)).sort();
    return [...own, ...derived].map((name) => {
      const shape = shapes.get(name) ?? [];
      const update = updates[this.#roles.get(name) ?? 'constant'];
      return { name, shape, decay: update === 'optimizer' && shape.length > 1, update };
    });
  }

  #checkOutput({ outputShape, graph }: ConvertedGraph, batch: number): void {
    const value = graph.outputs[0]?.value ?? 0;
    const node = graph.nodes[value - graph.inputs.length];
    const problem =
      outputShape[0] !== batch
        ? `it has the shape [${outputShape}] for ${batch} samples; its first axis must be the batch`
        : (node?.output ?? graph.inputs[value]?.type)?.dtype !== 'f32'
          ? 'it holds whole numbers'
          : null;
    if (problem === null) return;
    throw new OnnxImportError({
      issues: [{ place: `output "${this.#output}"`, problem }],
      mend: 'Export a model whose output has one row of predictions for each sample.',
    });
  }
}

const updates = {
  trained: 'optimizer',
  statistic: 'statistic',
  frozen: 'frozen',
  constant: 'frozen',
} as const satisfies Record<WeightRole, ParameterUpdate>;

function unsupported(issues: readonly ImportIssue[]): OnnxImportError {
  return new OnnxImportError({
    issues,
    mend: `Supported are opsets ${SUPPORTED_OPSETS.first} to ${SUPPORTED_OPSETS.last} with the operators ${supportedOperators.join(', ')}.`,
  });
}

function chosenOutput({ outputs }: OnnxFile, asked: string | undefined): string {
  const names = outputs.map(({ name }) => name);
  const [name] = asked === undefined ? names : names.filter((candidate) => candidate === asked);
  if (name !== undefined && (asked !== undefined || names.length === 1)) return name;
  throw new OnnxImportError({
    issues: [
      asked === undefined
        ? { place: 'the outputs', problem: `there are ${names.length}: ${names.join(', ')}` }
        : { place: `output "${asked}"`, problem: 'the model has no such output' },
    ],
    mend: `Name the output to train, one of ${names.join(', ')}.`,
  });
}

/** The nodes that `output` depends on, in order. */
function neededNodes({ nodes }: OnnxFile, output: string): FileNode[] {
  const needed = new Set([output]);
  const kept = nodes.toReversed().filter(({ inputs, outputs }) => {
    const isNeeded = outputs.some((name) => needed.has(name));
    if (isNeeded) inputs.forEach((name) => needed.add(name));
    return isNeeded;
  });
  return kept.reverse();
}

/** The one input that is fed with samples. */
function dataInput({ inputs }: OnnxFile, nodes: readonly FileNode[]): FileValue {
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const used = inputs.filter(({ name }) => read.has(name));
  const [input] = used;
  if (input !== undefined && used.length === 1) return input;
  throw new OnnxImportError({
    issues: [
      {
        place: 'the inputs',
        problem: `the output depends on ${used.length} inputs: ${used.map(({ name }) => name).join(', ')}`,
      },
    ],
    mend: 'Export a model with one input, the sample; make masks and positions inside of it.',
  });
}

/** The input's type with the batch and the free dimensions filled in. */
function boundInput({ name, dataType, shape }: FileValue, batch: number, sample: readonly number[]) {
  const refuse = (problem: string): never => {
    throw new OnnxImportError({
      issues: [{ place: `input "${name}"`, problem }],
      mend: 'Use data of the shape that the model was exported for, or export it for the data, with a free batch dimension.',
    });
  };
  const element = elementTypeOf(dataType);
  if (element === null || element === 'bool')
    refuse(`it has data type ${dataType}; samples are float32, int32 or int64`);
  if (shape === null || shape.length === 0) return refuse('it has no shape with a batch dimension');
  const dims = shape
    .slice(1)
    .map((size, axis) =>
      typeof size === 'number'
        ? size
        : shape.length - 1 === sample.length
          ? (sample[axis] ?? 1)
          : refuse(`its dimension "${size}" is free, and samples have the shape [${sample}]`),
    );
  if (elements(dims) !== elements(sample)) refuse(`it takes samples of [${dims}], and the data has [${sample}]`);
  return { dtype: element !== null && isFloat(element) ? ('f32' as const) : ('i32' as const), shape: [batch, ...dims] };
}
