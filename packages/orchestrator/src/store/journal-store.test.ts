import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { hash, timestamp } from '@murmuration/protocol';
import type { JournalEntry } from '@murmuration/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CorruptFileError, JournalAlteredError, UnwritableFolderError } from './errors.ts';
import { JournalStore } from './journal-store.ts';

const digest = (digit: number): JournalEntry['hash'] => hash(`0x${digit.toString(16).repeat(64)}`);
const entry = (sequence: number): JournalEntry => ({
  sequence,
  previous: digest(sequence),
  event: { type: 'interrupted', at: timestamp(1000 + sequence), reason: 'a test' },
  facts: [{ type: 'draining', reason: 'a test' }],
  decision: digest(7),
  reason: 'because',
  hash: digest(sequence + 1),
});

let directory = '';
let file = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
  file = join(directory, 'journal.sqlite');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('JournalStore', () => {
  it('keeps entries in order over a restart', () => {
    const first = JournalStore.write(file);
    first.append(entry(0));
    first.append(entry(1));
    first.close();
    const second = JournalStore.write(file);
    second.append(entry(2));
    expect([...second.entries()]).toEqual([entry(0), entry(1), entry(2)]);
    expect([...second.entries(2)]).toEqual([entry(2)]);
    expect(second.length()).toBe(3);
    second.close();
  });

  it('can be read while it is written, and what was appended is there at once', () => {
    const writer = JournalStore.write(file);
    writer.append(entry(0));
    const reader = JournalStore.read(file);
    writer.append(entry(1));
    expect(reader.length()).toBe(2);
    expect(() => reader.append(entry(2))).not.toThrow();
    expect(reader.length()).toBe(2);
    reader.close();
    writer.close();
  });

  it('refuses a second entry of the same place', () => {
    const store = JournalStore.write(file);
    store.append(entry(0));
    expect(() => store.append(entry(0))).toThrow(/UNIQUE|constraint/i);
    store.close();
  });

  it('keeps every entry appended before the process died without closing', () => {
    const dead = JournalStore.write(file);
    dead.append(entry(0));
    const survivor = JournalStore.write(file);
    expect([...survivor.entries()]).toEqual([entry(0)]);
    survivor.close();
    dead.close();
  });

  it('names the first entry that is missing or unreadable', () => {
    const store = JournalStore.write(file);
    for (const sequence of [0, 1, 2]) store.append(entry(sequence));
    store.close();
    const database = new DatabaseSync(file);
    database.exec(`UPDATE entries SET event = 'not json' WHERE sequence = 2`);
    const reader = JournalStore.read(file);
    expect(() => [...reader.entries()]).toThrow(expect.objectContaining({ name: 'JournalAlteredError', position: 2 }));
    database.exec('DELETE FROM entries WHERE sequence = 1');
    expect(() => [...reader.entries()]).toThrow(JournalAlteredError);
    reader.close();
    database.close();
  });

  it('says so when the file is no journal', () => {
    writeFileSync(file, 'certainly not a database, and long enough to be read as one '.repeat(20));
    expect(() => JournalStore.read(file)).toThrow(CorruptFileError);
  });

  it('finds where the last entries begin', () => {
    const store = JournalStore.write(file);
    expect(store.tail({ entries: 10, bytes: 1000 })).toBe(0);
    for (let sequence = 0; sequence < 20; sequence += 1) store.append(entry(sequence));
    const size = JSON.stringify(entry(12).event).length + JSON.stringify(entry(12).facts).length;
    expect(store.tail({ entries: 5, bytes: 1_000_000 })).toBe(15);
    expect(store.tail({ entries: 100, bytes: 3 * size })).toBe(17);
    expect(store.tail({ entries: 100, bytes: 1 })).toBe(19);
    store.close();
  });

  describe('in a folder that can’t be written', () => {
    // Where SQLite would make the file that readers share, there is a link to nowhere: it can't, as on a read-only disk.
    const block = (): void => symlinkSync(join(directory, 'nowhere', 'shared'), `${file}-shm`);

    it('reads a journal that is whole', () => {
      const store = JournalStore.write(file);
      store.append(entry(0));
      store.close();
      block();
      const reader = JournalStore.read(file);
      expect([...reader.entries()]).toEqual([entry(0)]);
      reader.close();
    });

    it('refuses one whose last entries are beside it, and says what to do', () => {
      const store = JournalStore.write(file);
      store.append(entry(0));
      store.close();
      writeFileSync(`${file}-wal`, 'entries');
      block();
      expect(() => JournalStore.read(file)).toThrow(UnwritableFolderError);
    });
  });
});
