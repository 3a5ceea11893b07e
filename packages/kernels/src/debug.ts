/**
 * `MURMURATION_DEBUG`: what the kernels tell on stderr, level by level (docs/environment.md). Pure of Node: where there is
 * no environment, as in a browser, nothing is told.
 */
import type { DeviceMemory } from './backend/backend.ts';
import type { Graph } from './graph/graph.ts';
import { printGraph } from './graph/print.ts';

/** Each level tells what the levels before it tell, too. */
export const DEBUG_LEVELS = { graph: 1, plan: 2, wgsl: 3, timings: 4 } as const;
export type DebugTopic = keyof typeof DEBUG_LEVELS;

interface Environment {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly stderr?: { write(text: string): unknown };
  };
}

/** The level that an environment asks for: 0 for nothing, and for what is no level. */
export function debugLevel({ process }: Environment = globalThis): number {
  const level = Number(process?.env?.['MURMURATION_DEBUG'] ?? 0);
  return Number.isInteger(level) && level > 0 ? level : 0;
}

/** Tells `text` on stderr where the level of `topic` is asked for; else it is not even made. */
export function debug(topic: DebugTopic, text: () => string, environment: Environment = globalThis): void {
  if (debugLevel(environment) < DEBUG_LEVELS[topic]) return;
  const lines = text().trimEnd().split('\n');
  environment.process?.stderr?.write(lines.map((line) => `[${topic}] ${line}\n`).join(''));
}

/** The graphs of a program, as people read them. */
export const graphText = (backend: string, graphs: Readonly<Record<string, Graph>>): string =>
  Object.entries(graphs)
    .map(([name, graph]) => `${name}, for ${backend}: ${graph.nodes.length} nodes\n${printGraph(graph)}`)
    .join('\n');

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

/** The memory of a compiled program. */
export function memoryText({ total, least, ...parts }: DeviceMemory): string {
  const shares = Object.entries(parts).map(([name, bytes]) => `${name} ${mebibytes(bytes)}`);
  return `memory: ${mebibytes(total)}, at least ${mebibytes(least)} (${shares.join(', ')})`;
}
