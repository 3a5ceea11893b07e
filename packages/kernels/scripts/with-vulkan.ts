/** `node scripts/with-vulkan.ts COMMAND [ARGUMENT…]` runs the command where a WebGPU adapter can be found (see `vulkanEnvironment`). */
import { spawn } from 'node:child_process';
import { vulkanEnvironment } from './vulkan-environment.ts';

const [command, ...parameters] = process.argv.slice(2);
if (command === undefined) {
  console.error('Usage: with-vulkan COMMAND [ARGUMENT…]. Name the command to run.');
  process.exit(2);
}

const child = spawn(command, parameters, { stdio: 'inherit', env: { ...process.env, ...vulkanEnvironment() } });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('error', (cause) => {
  console.error(`${command} cannot be started: ${cause.message}. Check that it is installed.`);
  process.exitCode = 127;
});
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
