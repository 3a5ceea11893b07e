/** A WebAssembly module of functions over one imported memory, as its binary. */
import { Bytes } from './bytes.ts';
import { type FunctionBuilder, VALUE_TYPES } from './function.ts';

/** Pages of 64 KiB that 32-bit addresses reach. */
export const MAXIMUM_PAGES = 65_536;

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTIONS = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;

export interface ModuleOptions {
  /** Whether the imported memory is shared between threads. */
  readonly shared: boolean;
}

/** The binary of a module that imports `env.memory` and exports `functions` by name, in order of their indices. */
export function encodeModule(
  functions: Readonly<Record<string, FunctionBuilder>>,
  { shared }: ModuleOptions,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(functions);
  const module = new Bytes().byte(...HEADER);
  const section = (name: keyof typeof SECTIONS, content: Bytes) => module.byte(SECTIONS[name]).sized(content);
  const types = new Bytes();
  types.vector(entries, ([, { parameters, results }]) => {
    types.byte(0x60).vector(parameters, ({ type }) => types.byte(VALUE_TYPES[type]));
    types.vector(results, (type) => types.byte(VALUE_TYPES[type]));
  });
  section('type', types);
  // Limits 3: shared, with a maximum (which a shared memory must have); 1: with a maximum.
  const limits = new Bytes()
    .byte(shared ? 3 : 1)
    .unsigned(0)
    .unsigned(MAXIMUM_PAGES);
  section('import', new Bytes().unsigned(1).name('env').name('memory').byte(0x02).append(limits));
  section(
    'function',
    indexed(entries, (content, _entry, index) => content.unsigned(index)),
  );
  section(
    'export',
    indexed(entries, (content, [name], index) => content.name(name).byte(0x00).unsigned(index)),
  );
  section(
    'code',
    indexed(entries, (content, [, one]) => content.sized(one.body())),
  );
  return module.finish();
}

function indexed<T>(items: readonly T[], write: (content: Bytes, item: T, index: number) => void): Bytes {
  const content = new Bytes().unsigned(items.length);
  items.forEach((item, index) => write(content, item, index));
  return content;
}
