import { openAdapterBench } from '@murmuration/kernels/webgpu-node';
import { feedsOf, graphOf } from './work/work-graph.ts';
const b = await openAdapterBench({ numerics: 'fast' });
const ceil = await b.ceiling('flops');
const cpu = () => {
  const u = process.cpuUsage();
  return (u.user + u.system) / 1000;
};
async function t(name: string, run: (n: number) => Promise<void>, n: number, amount: number) {
  await run(n);
  const w: number[] = [],
    c: number[] = [];
  for (let i = 0; i < 12; i++) {
    const c0 = cpu(),
      t0 = performance.now();
    await run(n);
    w.push((performance.now() - t0) / n);
    c.push((cpu() - c0) / n);
  }
  w.sort((a, b) => a - b);
  c.sort((a, b) => a - b);
  console.log(
    name,
    'x',
    n,
    'wall',
    w[6]!.toFixed(2),
    'cpu',
    c[6]!.toFixed(2),
    'GF wall',
    (amount / w[6]! / 1e6).toFixed(1),
    'GF/cpu*2',
    ((2 * amount) / c[6]! / 1e6).toFixed(1),
  );
}
await t('ceil', (n) => ceil.run(n), 4, (ceil as any).amount);
for (const form of ['NN', 'NT', 'TN'] as const) {
  const g = graphOf({ kind: 'matmul', form, batch: 1, m: 1024, k: 1024, n: 1024 });
  const p = await b.prepare(g, feedsOf(g));
  for (const n of [1, 4]) await t(form, (k) => p.run(k), n, 2 * 1024 ** 3);
  await t('ceil', (n) => ceil.run(n), 4, (ceil as any).amount);
}
process.exit(0);
