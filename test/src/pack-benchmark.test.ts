/**
 * The packed benchmark: small enough to be carried, and complete. It is unpacked in an empty folder and runs there with a
 * PATH on which there is hardly anything, as on a GPU machine with no network.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAX_BYTES = 60 * 2 ** 20;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a minimal system has. */
const BASICS = ['sh', 'dirname', 'grep'];

const folder = mkdtempSync(join(tmpdir(), 'murmuration-unpacked-'));
const archive = join(folder, 'bench.tar.xz');

const ran = (command: string, parameters: readonly string[], options: object = {}): void => {
  const { status, stderr, error } = spawnSync(command, parameters, { encoding: 'utf8', ...options });
  expect(status, error?.message ?? stderr).toBe(0);
};

beforeAll(() => {
  ran(process.execPath, [join(ROOT, 'scripts', 'pack-benchmark.ts'), archive]);
  ran('tar', ['-xf', archive, '-C', folder]);
  mkdirSync(join(folder, 'path'));
  for (const tool of BASICS) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' });
    symlinkSync(stdout.trim(), join(folder, 'path', tool));
  }
}, 900_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed benchmark', () => {
  it('is under 60 MiB', () => {
    expect(statSync(archive).size).toBeLessThan(MAX_BYTES);
  });

  it('measures kernels where nothing is installed', () => {
    const unpacked = join(folder, 'murmuration-bench');
    const only = 'only=murmuration webgpu,murmuration onnx';
    ran('./run.sh', ['kernels', '--quick', '--set', only, 'adapter=swiftshader'], {
      cwd: unpacked,
      env: { PATH: join(folder, 'path'), HOME: folder },
    });
    const [file = ''] = readdirSync(join(unpacked, 'results'));
    const result = JSON.parse(readFileSync(join(unpacked, 'results', file), 'utf8')) as {
      machine: { commit: string };
      data: { works: { contenders: { name: string; median: number }[]; ceilings: { flops?: number } }[] };
    };
    expect(file).toMatch(/^kernels-.*swiftshader.*\.json$/);
    expect(result.machine.commit).toMatch(/^[0-9a-f]{12}$/);
    for (const { contenders, ceilings } of result.data.works) {
      expect(contenders.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['murmuration webgpu', 'murmuration onnx']),
      );
      expect(contenders.every(({ median }) => median > 0)).toBe(true);
      expect(ceilings.flops).toBeGreaterThan(0);
    }
  });
});
