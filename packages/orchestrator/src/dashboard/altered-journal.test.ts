import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { JournalEntry } from '@murmuration/protocol';
import { calm, simulate, storm } from '@murmuration/protocol/sim';
import { afterEach, describe, expect, it } from 'vitest';
import { JournalAlteredError } from '../store/errors.ts';
import { RunProjection } from './run-projection.ts';
import { Projections, readAll } from './testing/projections.ts';
import { appendEntries, rehashed } from './testing/run-directory.ts';

const projections = new Projections();
afterEach(() => projections.close());

const { journal: quiet } = simulate({ seed: 1, weather: calm, rounds: 30 });
const { journal: stormy } = simulate({ seed: 3, weather: storm, rounds: 25, workers: 5 });

describe('a journal that is not what was written', () => {
  const journalOf = (directory: string): DatabaseSync => new DatabaseSync(join(directory, 'journal.sqlite'));
  const alter = (directory: string, sql: string): void => {
    const database = journalOf(directory);
    database.exec(sql);
    database.close();
  };

  it.each([
    [
      'an altered fact',
      "UPDATE entries SET facts = replace(facts, 'trainLoss', 'trainLost') WHERE sequence > 100",
      100,
    ],
    ['an altered reason', "UPDATE entries SET reason = 'because' WHERE sequence = 150", 149],
    ['a missing entry', 'DELETE FROM entries WHERE sequence = 120', 119],
    ['what is no JSON', "UPDATE entries SET event = '{' WHERE sequence = 130", 129],
  ])('with %s is shown up to there, with the reason', (_what, sql, last) => {
    const directory = projections.directoryOf(quiet);
    alter(directory, sql);
    const { fault, sequence, figures } = projections.open(directory).snapshot();
    expect(fault).toMatchObject({ code: 'JOURNAL_ALTERED' });
    expect(fault?.message).toContain(`event ${sequence + 1}`);
    expect(sequence).toBeGreaterThanOrEqual(last);
    expect(figures.round).toBeGreaterThan(0);
  });

  it('with facts that no run decides is a fault, not a crash, though all its hashes are right', () => {
    const forged = JSON.parse(JSON.stringify(quiet.slice(0, 60))) as JournalEntry[];
    const directory = projections.directoryOf(
      rehashed(forged, 40, (entry) => ({ ...entry, facts: [{ type: 'roundCommitted' } as never] })),
    );
    expect(projections.open(directory).snapshot()).toMatchObject({ sequence: 39, fault: { code: 'JOURNAL_ALTERED' } });
  });

  it.each([
    [
      'a run that begins with something else',
      0,
      (entry: JournalEntry) => ({ ...entry, event: { ...entry.event, type: 'timer' } }),
    ],
    [
      'a price that is no amount',
      0,
      (entry: JournalEntry) =>
        JSON.parse(JSON.stringify(entry).replaceAll('"microBatchWei":"1000"', '"microBatchWei":"a lot"')),
    ],
  ] as const)('with %s is refused', (_what, at, change) => {
    const forged = rehashed(quiet.slice(0, 20), at, change as (entry: JournalEntry) => JournalEntry);
    const directory = projections.directoryOf(forged);
    expect(() => RunProjection.open(directory)).toThrow(JournalAlteredError);
  });

  it.each([
    ['pay that is no amount', 'epochClosed', '"cumulativeWei":"', '"cumulativeWei":"NaN'],
    ['a time that is none', 'roundCommitted', '"at":', '"at":null,"was":'],
    ['a member without a name', 'memberJoined', '"peerId":"', '"peerId":null,"was":"'],
    ['an outcome that there is not', 'auditClosed', '"outcome":"passed"', '"outcome":"bought"'],
  ])('with %s is shown up to there', (_what, type, found, put) => {
    const at = quiet.findIndex(({ facts }) => facts.some((fact) => fact.type === type));
    const forge = (entry: JournalEntry) => JSON.parse(JSON.stringify(entry).replaceAll(found, put)) as JournalEntry;
    const projection = projections.open(projections.directoryOf(rehashed(quiet.slice(0, at + 5), at, forge)));
    expect(projection.snapshot()).toMatchObject({ sequence: at - 1, fault: { code: 'JOURNAL_ALTERED' } });
  });

  it('cut while it is read is a fault; opened again it is read anew', () => {
    const directory = projections.directoryOf(quiet);
    const projection = projections.open(directory);
    alter(directory, 'DELETE FROM entries WHERE sequence > 50');
    const { standing } = projection;
    readAll(projection);
    expect(projection.standing).not.toBe(standing);
    expect(projection.snapshot()).toMatchObject({ fault: { code: 'JOURNAL_ALTERED' }, figures: { round: 30 } });
    expect(projections.open(directory).snapshot()).toMatchObject({ fault: null, sequence: 50 });
  });

  it('that is another run’s than the index beside it is read anew', () => {
    const directory = projections.directoryOf(quiet);
    readAll(projections.open(directory));
    rmSync(join(directory, 'journal.sqlite'));
    appendEntries(join(directory, 'journal.sqlite'), stormy);
    expect(projections.open(directory).snapshot().figures.round).toBe(25);
  });
});
