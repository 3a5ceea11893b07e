/** A contender's process seen from the benchmark: what it says is passed on, and its death is one contender's and nobody else's. */
import { afterEach, describe, expect, it } from 'vitest';
import { WorkProcess } from './work-process.ts';
import type { Work } from '../work/work.ts';

const work: Work = { kind: 'softmax', rows: 1, columns: 1 };
const hello = `say({ says: 'hello', version: '7', adapter: 'a', openMillis: 1 });`;
const opened: WorkProcess[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((process) => process.close()));
});

/** A contender whose program is `body`; `say` writes a reply, `lines` are the requests. */
function contender(body: string): WorkProcess {
  const program = `
    const say = (reply) => process.stdout.write(JSON.stringify(reply) + '\\n');
    const lines = require('node:readline').createInterface({ input: process.stdin });
    ${body}`;
  const process_ = new WorkProcess({ name: 'x', command: process.execPath, parameters: ['-e', program], quiet: true });
  opened.push(process_);
  return process_;
}

describe('WorkProcess', () => {
  it('says hello, prepares, runs and releases', async () => {
    const process = contender(`${hello}
      lines.on('line', (line) => {
        const { ask } = JSON.parse(line);
        if (ask === 'prepare') say({ says: 'ready', times: 3, prepareMillis: 1, firstMillis: 2, millis: 4 });
        if (ask === 'run') say({ says: 'ran', millis: 5 });
        if (ask === 'release') say({ says: 'released' });
      });`);
    expect(await process.prepare(work, 1)).toMatchObject({ times: 3, millis: 4 });
    expect([process.version, process.adapter]).toEqual(['7', 'a']);
    expect(await process.run()).toBe(5);
    await process.release();
  });

  it('passes on why a contender cannot take part, or cannot do a piece of work', async () => {
    const absent = contender(`say({ says: 'cannot', reason: 'no adapter' });`);
    await expect(absent.prepare(work, 1)).rejects.toMatchObject({ code: 'CONTENDER_FAILED', message: 'no adapter' });
    const unable = contender(`${hello} lines.on('line', () => say({ says: 'cannot', reason: 'no such kernel' }));`);
    await expect(unable.prepare(work, 1)).rejects.toThrow('no such kernel');
    await expect(unable.prepare(work, 1)).rejects.toThrow('no such kernel');
  });

  it('starts a process that died again, but not for ever', async () => {
    const dying = contender(`${hello} lines.on('line', () => process.exit(1));`);
    await expect(dying.prepare(work, 1)).rejects.toThrow('ended');
    await expect(dying.prepare(work, 1)).rejects.toThrow('ended');
    await expect(dying.prepare(work, 1)).rejects.toThrow('failed 2 times');
  });
});
