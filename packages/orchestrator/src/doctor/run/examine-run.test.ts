import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerId } from '@murmuration/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeRunDirectory } from '../../dashboard/testing/run-directory.ts';
import { simulatedJournal } from '../../dashboard/testing/simulated-run.ts';
import { TokenStore } from '../../tokens/token-store.ts';
import { TOKEN_BYTES } from '../../tokens/token-text.ts';
import type { Finding } from '../finding.ts';
import { examineRun } from './examine-run.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'doctor-run-'));
  writeRunDirectory(directory, simulatedJournal({ seed: 1, members: 8, rounds: 20, contributors: 4, talkative: 1 }));
});
afterEach(() => rmSync(directory, { recursive: true }));

const byName = (findings: readonly Finding[], name: string): Finding | undefined =>
  findings.find((finding) => finding.name === name);

describe('a run that others can not join', () => {
  it('is over, or nobody writes it', async () => {
    const run = byName(await examineRun(directory), 'run');
    expect(run).toMatchObject({ state: 'bad' });
    expect(run?.mend).toMatch(/start a new run|orchestrate resume/);
  });

  it('is under way, and only this machine is told where', async () => {
    writeFileSync(join(directory, 'run.pid'), String(process.pid));
    const findings = await examineRun(directory);
    expect(byName(findings, 'run')).toMatchObject({ state: 'good' });
    expect(byName(findings, 'pages')).toMatchObject({ state: 'missing' });
    expect(
      findings.filter(({ state }) => state !== 'good').every(({ mend, name }) => mend !== null || name === 'refused'),
    ).toBe(true);
  });

  it('says that pages are noted and gone', async () => {
    writeFileSync(join(directory, 'run.pid'), String(process.pid));
    writeFileSync(
      join(directory, 'http.json'),
      JSON.stringify({ origin: 'http://127.0.0.1:9', listens: '127.0.0.1:9' }),
    );
    expect(byName(await examineRun(directory), 'pages')).toMatchObject({ state: 'bad' });
  });

  it('has no token open, and says who was refused for it', async () => {
    using tokens = TokenStore.open(directory);
    tokens.required = true;
    tokens.admit(null, peerId('16Uiu2HAmAnna'), 0);
    expect(byName(await examineRun(directory), 'tokens')).toMatchObject({ state: 'bad' });
    expect(byName(await examineRun(directory), 'refused by token')?.found).toMatch(/1 × TOKEN_MISSING.*16Uiu2HAmAnna/);
    const { id } = tokens.issue({ label: '', uses: 2, expiresAt: null }, new Uint8Array(TOKEN_BYTES), 0);
    const after = byName(await examineRun(directory), 'tokens');
    expect(after).toMatchObject({ state: 'good' });
    expect(after?.found).toContain(`${id} (0 of 2 used)`);
  });
});
