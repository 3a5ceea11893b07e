/** What a Python interpreter of this machine has. */
import { spawnSync } from 'node:child_process';

/** Whether the interpreter `python` can import `module`. */
export function hasPython(python: string, module: string): boolean {
  return spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
}
