/** What a developer is told of the exact backend's programs. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { drawBatch, modelCases } from '../backend/conformance-programs.ts';
import { drained } from '../backend/conformance-steps.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import { createExactBackend } from './backend.ts';

const { spec, batch } = modelCases['mlp with relu']!;
const program = buildStepProgram(spec, batch);
const data = drawBatch(program, spec, 1);

let told: string[] = [];
beforeEach(() => {
  told = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function gradientAt(level: string): Promise<Float32Array> {
  vi.stubEnv('MURMURATION_DEBUG', level);
  const executable = await createExactBackend({ name: 'test', threads: 1, spawn: null }).compile(program);
  await executable.load(initialParameters(spec, 1));
  await executable.accumulate(data);
  await executable.accumulate(data);
  return drained(executable, program);
}

it('tells stages, memory and timings where they are asked for, and changes no bit by it', async () => {
  const quiet = await gradientAt('0');
  expect(told).toEqual([]);
  expect(await gradientAt('4')).toEqual(quiet);
  const text = told.join('');
  expect(text).toMatch(/\[plan\] memory: [\d.]+ MiB, at least [\d.]+ MiB/);
  expect(text).toMatch(/\[plan\] train: \d+ stages of \d+ calls of \d+ functions/);
  expect(text.match(/\[timings\] a step on one thread: [\d.]+ ms/g)).toHaveLength(1);
  expect(text).toMatch(/ ×  matmul \[product\]/);
});
