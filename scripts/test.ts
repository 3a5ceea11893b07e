/**
 * `npm test`: every tier of the suite, one after the other (they share two cores and some of them count processes),
 * ended by one line `N passed, N failed`. `npm run test:tier -- pure device` runs only the named tiers.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

interface Tier {
  readonly name: string;
  readonly run: () => Outcome;
}

const scratch = mkdtempSync(join(tmpdir(), 'murmuration-test-'));
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];

/** A vitest project, run under `wrapper` (which may prepare the environment, a Vulkan driver say). */
function vitest(project: string, wrapper: readonly string[] = []): Outcome {
  const report = join(scratch, `${project}.json`);
  const { status } = spawnSync(
    [
      ...wrapper,
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ].join(' '),
    { stdio: 'inherit', shell: true },
  );
  try {
    const { numPassedTests, numFailedTests, numTotalTests, success } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Record<string, number>;
    const failed = Math.max(numFailedTests ?? 0, success && status === 0 && numTotalTests ? 0 : 1);
    return { passed: numPassedTests ?? 0, failed };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** The Solidity tests; forge's last line names the counts. */
function forge(): Outcome {
  const { status, stdout } = spawnSync(node[0] ?? 'node', [...node.slice(1), 'packages/contracts/scripts/forge.ts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(stdout);
  const counts = /(\d+) tests passed, (\d+) failed/.exec(stdout.slice(stdout.lastIndexOf('Ran ')));
  const failed = Number(counts?.[2] ?? 1);
  return { passed: Number(counts?.[1] ?? 0), failed: status === 0 ? failed : Math.max(failed, 1) };
}

const withVulkan = [...node, 'packages/kernels/scripts/with-vulkan.ts'];

const tiers: readonly Tier[] = [
  { name: 'pure', run: () => vitest('pure') },
  { name: 'device', run: () => vitest('device', withVulkan) },
  { name: 'solidity', run: forge },
  { name: 'contracts', run: () => vitest('contracts') },
  { name: 'end-to-end', run: () => vitest('end-to-end') },
];

function selectTiers(names: readonly string[]): readonly Tier[] {
  const unknown = names.filter((name) => !tiers.some((tier) => tier.name === name));
  if (unknown.length > 0) {
    process.stderr.write(
      `unknown tier ${unknown.join(', ')}. Name some of: ${tiers.map((tier) => tier.name).join(', ')}.\n`,
    );
    process.exit(2);
  }
  return names.length === 0 ? tiers : tiers.filter((tier) => names.includes(tier.name));
}

const results = selectTiers(process.argv.slice(2)).map((tier) => {
  process.stdout.write(`\n══ ${tier.name}\n`);
  const started = performance.now();
  return { name: tier.name, ...tier.run(), seconds: (performance.now() - started) / 1000 };
});
rmSync(scratch, { recursive: true, force: true });

process.stdout.write('\n');
for (const { name, passed, failed, seconds } of results) {
  process.stdout.write(
    `${name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed  ${seconds.toFixed(1).padStart(6)} s\n`,
  );
}
const sum = (pick: (result: Outcome) => number): number => results.reduce((total, result) => total + pick(result), 0);
process.stdout.write(`\n${sum((r) => r.passed)} passed, ${sum((r) => r.failed)} failed\n`);
process.exitCode = sum((r) => r.failed) === 0 ? 0 : 1;
