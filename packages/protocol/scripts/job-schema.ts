/**
 * Writes `schema/job.schema.json`, the JSON Schema of `job.yaml` that editors use, from the zod schema.
 * With `--check` it writes nothing and fails when the file is stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { jobSpecSchema } from '../src/job/spec.ts';

const target = new URL('../schema/job.schema.json', import.meta.url);
const schema = { ...z.toJSONSchema(jobSpecSchema, { io: 'input' }), title: 'Murmuration job' };
const text = `${JSON.stringify(schema, null, 2)}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('packages/protocol/schema/job.schema.json is stale. Run `npm run generate`.\n');
    process.exitCode = 1;
  }
} else {
  mkdirSync(new URL('.', target), { recursive: true });
  writeFileSync(target, text);
}
