/**
 * `checkpoints/step-N/`: the state after N rounds as `model.safetensors` (named parameters) and `optimizer.safetensors`
 * (flat tensors), with a manifest that names every file's hash and the state hash. The directory appears complete or not
 * at all.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ParameterLayout, StateLayout } from '@murmuration/kernels/graph';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  SafetensorsError,
} from '@murmuration/kernels/safetensors';
import { STATE_CHUNK_BYTES, tensorTreeOfBytes } from '@murmuration/protocol';
import type { Hash, RunId } from '@murmuration/protocol';
import { z } from 'zod';
import { readWhole, syncDirectory, writeDurably } from './durable-file.ts';
import { CorruptFileError, TruncatedFileError } from './errors.ts';

export const MODEL_FILE = 'model.safetensors';
export const OPTIMIZER_FILE = 'optimizer.safetensors';
const MANIFEST_FILE = 'manifest.json';
const F32_BYTES = 4;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const manifestSchema = z.strictObject({
  format: z.literal('murmuration-checkpoint/1'),
  runId: z.string(),
  /** Rounds applied. */
  round: z.int().nonnegative(),
  stateHash: z.string().regex(/^0x[0-9a-f]{64}$/),
  /** Journal entries that led here. */
  journalLength: z.int().nonnegative(),
  files: z
    .array(z.strictObject({ name: z.enum([MODEL_FILE, OPTIMIZER_FILE]), bytes: z.int().positive(), sha256: digest }))
    .length(2),
});

type CheckpointManifest = z.infer<typeof manifestSchema>;

/** A state on disk, loaded and checked. */
export interface Checkpoint {
  readonly directory: string;
  readonly manifest: CheckpointManifest;
  readonly parameters: readonly NamedTensor[];
  /** bytes(parameters ‖ optimizer tensors), whose Merkle root is `manifest.stateHash`. */
  readonly state: Uint8Array;
}

/** What a checkpoint is made of. `state` as in {@link Checkpoint}. */
export interface CheckpointContent {
  readonly runId: RunId;
  readonly round: number;
  readonly stateHash: Hash;
  readonly journalLength: number;
  readonly layout: ParameterLayout;
  readonly stateLayout: StateLayout;
  readonly state: Uint8Array;
}

const stepName = (round: number): string => `step-${round}`;
const sha256 = (parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

function parameterTensors(state: Uint8Array, layout: ParameterLayout): NamedTensor[] {
  return layout.slots.map(({ name, shape, offset, size }) => ({
    name,
    shape,
    data: state.subarray(offset * F32_BYTES, (offset + size) * F32_BYTES),
  }));
}

/** What follows the parameters in the state. */
function optimizerTensors(state: Uint8Array, { tensors }: StateLayout): NamedTensor[] {
  return tensors.slice(1).map(({ name, offset, length }) => ({
    name,
    shape: [length],
    data: state.subarray(offset * F32_BYTES, (offset + length) * F32_BYTES),
  }));
}

/** Writes a checkpoint and returns its directory. Written before under the same round: replaced. */
export function writeCheckpoint(checkpoints: string, content: CheckpointContent): string {
  const target = join(checkpoints, stepName(content.round));
  const building = join(checkpoints, `.${stepName(content.round)}.part`);
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const metadata = { format: 'pt', runId: content.runId, round: String(content.round), stateHash: content.stateHash };
  const parts = {
    [MODEL_FILE]: encodeSafetensors({ tensors: parameterTensors(content.state, content.layout), metadata }),
    [OPTIMIZER_FILE]: encodeSafetensors({ tensors: optimizerTensors(content.state, content.stateLayout), metadata }),
  };
  const files = ([MODEL_FILE, OPTIMIZER_FILE] as const).map((name) => {
    writeDurably(join(building, name), parts[name]);
    return { name, bytes: parts[name].reduce((sum, part) => sum + part.length, 0), sha256: sha256(parts[name]) };
  });
  const manifest: CheckpointManifest = {
    format: 'murmuration-checkpoint/1',
    runId: content.runId,
    round: content.round,
    stateHash: content.stateHash,
    journalLength: content.journalLength,
    files,
  };
  writeDurably(join(building, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(target, { recursive: true, force: true });
  renameSync(building, target);
  syncDirectory(checkpoints);
  return target;
}

function readManifest(directory: string): CheckpointManifest {
  const file = join(directory, MANIFEST_FILE);
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(readWhole(file)).toString('utf8')));
  } catch (cause) {
    if (cause instanceof CorruptFileError) throw cause;
    throw new CorruptFileError({ file, why: 'it is not a checkpoint manifest', cause });
  }
}

function readListed(directory: string, manifest: CheckpointManifest, name: string): readonly NamedTensor[] {
  const file = join(directory, name);
  const listed = manifest.files.find((entry) => entry.name === name);
  const bytes = readWhole(file);
  if (listed === undefined) throw new CorruptFileError({ file, why: 'the manifest does not list it' });
  if (bytes.length < listed.bytes) throw new TruncatedFileError({ file, expected: listed.bytes, found: bytes.length });
  const tensors = decodeListed(bytes, file);
  if (sha256([bytes]) !== listed.sha256)
    throw new CorruptFileError({ file, why: 'its sha256 is not the one in manifest.json' });
  return tensors;
}

function decodeListed(bytes: Uint8Array, file: string): readonly NamedTensor[] {
  try {
    const { tensors } = decodeSafetensors(bytes, file);
    const other = tensors.find(({ dtype }) => dtype !== 'F32');
    if (other) throw new CorruptFileError({ file, why: `tensor ${other.name} is ${other.dtype}, not F32` });
    return tensors;
  } catch (cause) {
    if (!(cause instanceof SafetensorsError)) throw cause;
    throw new CorruptFileError({ file, why: `it is no safetensors file (${cause.place})`, cause });
  }
}

/**
 * Loads a checkpoint and checks sizes, hashes and the state hash.
 * @throws TruncatedFileError, CorruptFileError naming the file
 */
export function readCheckpoint(directory: string): Checkpoint {
  const manifest = readManifest(directory);
  const parameters = readListed(directory, manifest, MODEL_FILE);
  const optimizer = readListed(directory, manifest, OPTIMIZER_FILE);
  const state = new Uint8Array(Buffer.concat([...parameters, ...optimizer].map(({ data }) => data)));
  if (tensorTreeOfBytes(state, STATE_CHUNK_BYTES).root !== manifest.stateHash)
    throw new CorruptFileError({ file: join(directory, MANIFEST_FILE), why: 'the tensors do not have its stateHash' });
  return { directory, manifest, parameters, state };
}

/** Directories of complete checkpoints, the newest first. */
export function listCheckpoints(checkpoints: string): { round: number; directory: string }[] {
  if (!existsSync(checkpoints)) return [];
  return readdirSync(checkpoints)
    .flatMap((name) => {
      const [, round] = /^step-(\d+)$/.exec(name) ?? [];
      return round === undefined ? [] : [{ round: Number(round), directory: join(checkpoints, name) }];
    })
    .toSorted((a, b) => b.round - a.round);
}
