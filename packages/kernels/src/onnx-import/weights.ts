/**
 * Which of a file's tensors are trained. The file doesn't say: a weight, a mask and a constant are all initializers. So:
 *
 * - trained: a float tensor of rank ≥ 1, all of it finite, from which a derivative flows to the model's output;
 * - a running statistic: the mean or variance of a BatchNormalization in training mode;
 * - a constant: everything else (masks under comparisons, scalars, shapes, what Constant nodes hold).
 *
 * `train` names the tensors that are trained, and no others are; `freeze` names some that are not.
 */
import { OnnxImportError } from './errors.ts';
import { conversionOf } from './convert/index.ts';
import { isFloat } from './convert/node-context.ts';
import { normalizesBatches } from './convert/windows.ts';
import type { FileNode, FileTensor, OnnxFile } from './reader/model-file.ts';
import { tensorElements, tensorType } from './reader/tensor-elements.ts';

/** `frozen`: would be trained by the rule, and was told not to be. */
export type WeightRole = 'trained' | 'statistic' | 'frozen' | 'constant';

export interface WeightChoice {
  /** Patterns of names, with `*` for any text. */
  readonly train?: readonly string[] | undefined;
  readonly freeze?: readonly string[] | undefined;
}

/** Whether a name fits a pattern in which `*` stands for any text; no backtracking. */
export function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return name === pattern;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

const anyMatch = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => matches(pattern, name));

/** The role of each initializer by name. @throws OnnxImportError when a pattern names nothing */
export function weightRoles(
  file: OnnxFile,
  nodes: readonly FileNode[],
  output: string,
  choice: WeightChoice,
): ReadonlyMap<string, WeightRole> {
  checkPatterns(file, choice);
  const reached = namesWithDerivative(nodes, output);
  const statistics = statisticNames(nodes);
  return new Map(
    file.initializers.map((tensor) => {
      const role = statistics.has(tensor.name)
        ? 'statistic'
        : reached.has(tensor.name) && isWeight(tensor)
          ? 'trained'
          : 'constant';
      return [tensor.name, chosen(role, tensor, choice)];
    }),
  );
}

/** Values from which a derivative flows to `output`. */
function namesWithDerivative(nodes: readonly FileNode[], output: string): ReadonlySet<string> {
  const reached = new Set([output]);
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => reached.has(name))) continue;
    const flows = conversionOf(node.domain, node.op)?.flows ?? (() => true);
    node.inputs.forEach((name, index) => {
      if (flows(index)) reached.add(name);
    });
  }
  return reached;
}

function isWeight(tensor: FileTensor): boolean {
  return tensor.dims.length >= 1 && isFloat(tensorType(tensor)) && tensorElements(tensor).values.every(Number.isFinite);
}

function statisticNames(nodes: readonly FileNode[]): ReadonlySet<string> {
  return new Set(nodes.filter(normalizesBatches).flatMap(({ inputs }) => inputs.slice(3, 5)));
}

function chosen(role: WeightRole, tensor: FileTensor, { train, freeze = [] }: WeightChoice): WeightRole {
  const kept: WeightRole = role === 'constant' ? 'constant' : 'frozen';
  if (anyMatch(freeze, tensor.name)) return kept;
  if (train === undefined || role === 'statistic') return role;
  return anyMatch(train, tensor.name) && isFloat(tensorType(tensor)) ? 'trained' : kept;
}

function checkPatterns({ initializers }: OnnxFile, { train = [], freeze = [] }: WeightChoice): void {
  const idle = [...train, ...freeze].filter((pattern) => !initializers.some(({ name }) => matches(pattern, name)));
  if (idle.length === 0) return;
  const some = initializers.slice(0, 8).map(({ name }) => name);
  throw new OnnxImportError({
    issues: idle.map((pattern) => ({
      place: `pattern "${pattern}"`,
      problem: 'no tensor of the file has such a name',
    })),
    mend: `Name tensors of the file, with * for any text; they begin with ${some.join(', ')}.`,
  });
}
