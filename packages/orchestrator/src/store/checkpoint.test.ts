import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutParameters, stateLayout } from '@murmuration/kernels/graph';
import { runId, STATE_CHUNK_BYTES, tensorTreeOfBytes } from '@murmuration/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listCheckpoints, MODEL_FILE, OPTIMIZER_FILE, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { CorruptFileError, TruncatedFileError } from './errors.ts';

const layout = layoutParameters([
  { name: 'weight', shape: [3, 2], decay: true },
  { name: 'bias', shape: [2], decay: false },
]);
const optimizer = {
  type: 'adamw',
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
} as const;
const states = stateLayout(optimizer, layout);
const state = new Uint8Array(Float32Array.from({ length: states.length }, (_, index) => index / 7).buffer);
const stateHash = tensorTreeOfBytes(state, STATE_CHUNK_BYTES).root;

let checkpoints = '';
const write = (round: number): string =>
  writeCheckpoint(checkpoints, {
    runId: runId('test-20260101-00000000'),
    round,
    stateHash,
    journalLength: 9,
    layout,
    stateLayout: states,
    state,
  });
beforeEach(() => (checkpoints = mkdtempSync(join(tmpdir(), 'checkpoints-'))));
afterEach(() => rmSync(checkpoints, { recursive: true }));

describe('checkpoints', () => {
  it('give back the state bit for bit, with named parameters', () => {
    const read = readCheckpoint(write(5));
    expect(read.state).toEqual(state);
    expect(read.manifest).toMatchObject({ round: 5, stateHash, journalLength: 9 });
    expect(read.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['weight', [3, 2]],
      ['bias', [2]],
    ]);
  });

  it('are listed newest first, and half-written ones are not', () => {
    for (const round of [5, 100, 20]) write(round);
    rmSync(join(checkpoints, 'step-20'), { recursive: true });
    writeFileSync(join(checkpoints, '.step-200.part'), '');
    expect(listCheckpoints(checkpoints).map(({ round }) => round)).toEqual([100, 5]);
    expect(listCheckpoints(join(checkpoints, 'nowhere'))).toEqual([]);
  });

  it.each([MODEL_FILE, OPTIMIZER_FILE])('name %s when it is truncated', (name) => {
    const directory = write(1);
    truncateSync(join(directory, name), 40);
    expect(() => readCheckpoint(directory)).toThrow(TruncatedFileError);
    expect(() => readCheckpoint(directory)).toThrow(join(directory, name));
  });

  it('refuse a changed bit, another manifest, a file too long and a file that is gone', () => {
    const directory = write(1);
    const model = join(directory, MODEL_FILE);
    const manifest = join(directory, 'manifest.json');
    const [modelBytes, manifestText] = [readFileSync(model), readFileSync(manifest, 'utf8')];
    const changed = Buffer.from(modelBytes);
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    writeFileSync(model, changed);
    expect(() => readCheckpoint(directory)).toThrow('its sha256 is not the one in manifest.json');
    writeFileSync(model, modelBytes);
    writeFileSync(manifest, manifestText.replace(stateHash, `0x${'1'.repeat(64)}`));
    expect(() => readCheckpoint(directory)).toThrow('the tensors do not have its stateHash');
    writeFileSync(manifest, '{}');
    expect(() => readCheckpoint(directory)).toThrow('it is not a checkpoint manifest');
    writeFileSync(manifest, manifestText);
    appendFileSync(model, 'x');
    expect(() => readCheckpoint(directory)).toThrow(CorruptFileError);
    rmSync(model);
    expect(() => readCheckpoint(directory)).toThrow('it cannot be read');
  });
});
