/**
 * `npm run check`: everything that can be known without running the product. Each step is a tool with its own output;
 * the table at the end says which failed. All steps run even when one fails, so that one run shows all there is to mend.
 */
import { spawnSync } from 'node:child_process';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const steps: readonly Step[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'lint, import cycles, package boundaries', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'package graph', command: ['turbo', 'boundaries'] },
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'unused files, exports, dependencies', command: ['knip', '--no-progress'] },
  {
    name: 'generated files up to date',
    command: ['turbo', 'run', 'generate:check', '--output-logs=errors-only', '--log-order=grouped'],
  },
];

const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };

function run(step: Step): { name: string; ok: boolean; seconds: number } {
  process.stdout.write(`\n── ${step.name}: ${step.command.join(' ')}\n`);
  const started = performance.now();
  const [program, ...parameters] = step.command;
  const { status } = spawnSync(program, parameters, {
    stdio: 'inherit',
    env: environment,
    shell: process.platform === 'win32',
  });
  return { name: step.name, ok: status === 0, seconds: (performance.now() - started) / 1000 };
}

const results = steps.map(run);
process.stdout.write('\n');
for (const { name, ok, seconds } of results) {
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${seconds.toFixed(1).padStart(6)} s  ${name}\n`);
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
