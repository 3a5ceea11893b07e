/** A machine without a GPU driver, played by a child process whose Vulkan loader is told of none. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Runs statements with `createWebGpuBackend` and `listAdapters` in scope where no driver can be found. */
function withoutDriver(statements: string): { status: number | null; stdout: string; stderr: string } {
  const face = JSON.stringify(new URL('index.ts', import.meta.url).href);
  const source = `const { createWebGpuBackend, listAdapters } = await import(${face});\n${statements}`;
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' },
  });
}

describe('without a driver', () => {
  it('a backend cannot be opened, says why, and the process lives on', () => {
    const { status, stdout } = withoutDriver(`
      await createWebGpuBackend().catch((error) => console.log(error.constructor.name, error.code, error.message));
      console.log('alive');`);
    expect(stdout).toMatch(/^AdapterNotFoundError ADAPTER_NOT_FOUND .*choose the backend onnx\.\nalive\n$/);
    expect(status).toBe(0);
  });

  it('there are no adapters', () => {
    const { status, stdout } = withoutDriver('console.log(JSON.stringify(await listAdapters()));');
    expect(stdout).toBe('[]\n');
    expect(status).toBe(0);
  });
});
