/**
 * A Vulkan driver for tests. Dawn finds its driver through the dynamic loader, whose paths are fixed when a process
 * starts; so whoever wants an adapter on a machine without Vulkan starts a child process in this environment. The driver
 * is SwiftShader, a CPU implementation that an npm package carries for its browser.
 */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackDriver } from './chromium-package.ts';

const PROBE = fileURLToPath(new URL('probe-adapter.ts', import.meta.url));

/**
 * Environment variables, to be laid over `process.env`, under which a child process has a WebGPU adapter: none where
 * the system's own Vulkan serves, SwiftShader's otherwise or where `swiftshader` asks for it.
 */
export function vulkanEnvironment({ swiftshader = false } = {}): Record<string, string> {
  if (process.env['MURMURATION_VULKAN'] !== undefined && !swiftshader) return {};
  const runtime = runtimeDirectory();
  if (!swiftshader && hasAdapter(runtime)) return { ...runtime, MURMURATION_VULKAN: 'system' };
  const folder = unpackDriver();
  const libraries = [folder, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':');
  return {
    ...runtime,
    MURMURATION_VULKAN: 'swiftshader',
    LD_LIBRARY_PATH: libraries,
    VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json'),
  };
}

/** The loader complains on stderr where `XDG_RUNTIME_DIR` is missing. */
function runtimeDirectory(): Record<string, string> {
  return process.env['XDG_RUNTIME_DIR'] === undefined ? { XDG_RUNTIME_DIR: tmpdir() } : {};
}

/** Asks in a child process: a broken driver may take its process down with it. */
function hasAdapter(environment: Record<string, string>): boolean {
  const { status } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', PROBE], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
    timeout: 30_000,
  });
  return status === 0;
}
