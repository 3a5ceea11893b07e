/**
 * How fast a run's pages are answered: a journal of many members and rounds, read by nobody before; how soon there is a
 * first snapshot, how fast the index grows, in how much memory; and how long each question takes once it is built.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunProjection } from '@murmuration/orchestrator/dashboard';
import type { SimulatedRun } from '@murmuration/orchestrator/dashboard';
import { TestBrowser } from '@murmuration/test/browser';
import { observePage, ServedDirectory } from '../dashboard/observe-page.ts';
import type { PageTimes } from '../dashboard/observe-page.ts';
import { questionsOf } from '../dashboard/questions.ts';
import type { SuiteResult } from '../harness/report.ts';
import { summaryOf, type Summary } from '../harness/rounds.ts';
import type { Suite, SuiteOptions } from '../suite.ts';

const script = fileURLToPath(new URL('../dashboard/write-run.ts', import.meta.url));
/** As the server reads: so long at a time, so that it answers in between. */
const SLICE_MS = 50;
const ASKED = 30;
const VISITS = 5;
const MIB = 1024 * 1024;

const wholeNumber = (text: string | undefined, usual: number, name: string): number => {
  const value = Number(text ?? usual);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name} must be a positive integer. Write it as --set ${name}=${usual}.`);
};

function runOf({ quick, settings }: SuiteOptions): SimulatedRun {
  return {
    seed: 1,
    members: wholeNumber(settings['members'], quick ? 100 : 1000, 'members'),
    rounds: wholeNumber(settings['rounds'], quick ? 2000 : 100_000, 'rounds'),
    contributors: wholeNumber(settings['contributors'], 10, 'contributors'),
    talkative: 100,
  };
}

/** How long something took, by the clock and in processor time: on a busy machine the first says little. */
interface Took {
  readonly ms: number;
  readonly cpuMs: number;
}

interface Built {
  readonly firstSnapshot: Took;
  readonly build: Took;
  readonly longestSlice: Took;
  readonly residentMiB: number;
  readonly indexMiB: number;
}

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

function timed<T>(work: () => T): { readonly result: T; readonly took: Took } {
  const [started, before] = [performance.now(), process.cpuUsage()];
  const result = work();
  return { result, took: { ms: performance.now() - started, cpuMs: cpuMs(before) } };
}

const longer = (a: Took, b: Took): Took => ({ ms: Math.max(a.ms, b.ms), cpuMs: Math.max(a.cpuMs, b.cpuMs) });

/** Reads the whole journal as the server does, and looks at the memory on the way. */
function build(directory: string): Built {
  const first = timed(() => {
    const run = RunProjection.open(directory);
    run.advance(SLICE_MS);
    run.snapshot();
    return run;
  });
  let [longestSlice, resident]: [Took, number] = [{ ms: 0, cpuMs: 0 }, 0];
  const rest = timed(() => {
    for (let more = true; more;) {
      const { result, took } = timed(() => first.result.advance(SLICE_MS));
      more = result;
      longestSlice = longer(longestSlice, took);
      resident = Math.max(resident, process.memoryUsage.rss());
    }
    first.result.close();
  });
  return {
    firstSnapshot: first.took,
    build: { ms: first.took.ms + rest.took.ms, cpuMs: first.took.cpuMs + rest.took.cpuMs },
    longestSlice,
    residentMiB: resident / MIB,
    indexMiB: statSync(join(directory, 'dashboard.sqlite')).size / MIB,
  };
}

/** Milliseconds until a run whose index is there is answered. */
function reopen(directory: string): Summary {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    const run = RunProjection.open(directory);
    run.advance(SLICE_MS);
    run.snapshot();
    const elapsed = performance.now() - started;
    run.close();
    return elapsed;
  });
  return summaryOf(times);
}

interface Asked extends Summary {
  readonly name: string;
  readonly bytes: number;
}

function ask(directory: string): Asked[] {
  const run = RunProjection.open(directory);
  const asked = questionsOf(run).map(({ name, ask: question }) => {
    const bytes = JSON.stringify(question()).length;
    const times = Array.from({ length: ASKED }, () => {
      const started = performance.now();
      question();
      return performance.now() - started;
    });
    return { name, bytes, ...summaryOf(times) };
  });
  run.close();
  return asked;
}

/** Of the same page in a browser: while nothing has been read before, and once the index is there. */
interface Pages {
  readonly unread: PageTimes;
  readonly indexed: Readonly<Record<keyof PageTimes, Summary>>;
}

async function openPages(directory: string): Promise<Pages> {
  await using browser = await TestBrowser.launch();
  const indexed = await (async () => {
    await using served = await ServedDirectory.serve(directory);
    const times: PageTimes[] = [];
    for (let visit = 0; visit <= VISITS; visit++) times.push(await observePage(browser, served.origin));
    return times.slice(1);
  })();
  for (const file of readdirSync(directory).filter((name) => name.startsWith('dashboard.sqlite')))
    rmSync(join(directory, file));
  await using served = await ServedDirectory.serve(directory);
  const unread = await observePage(browser, served.origin);
  const of = (key: keyof PageTimes): Summary => summaryOf(indexed.map((times) => times[key]));
  return { unread, indexed: { shown: of('shown'), interactive: of('interactive') } };
}

async function measure(options: SuiteOptions): Promise<SuiteResult> {
  const run = runOf(options);
  const directory = mkdtempSync(join(options.settings['folder'] ?? tmpdir(), 'dashboard-bench-'));
  try {
    options.log(`writing a journal of ${run.members} members and ${run.rounds} rounds`);
    const entries = Number(
      execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', script, directory, JSON.stringify(run)]),
    );
    const journalMiB = statSync(join(directory, 'journal.sqlite')).size / MIB;
    options.log(`reading its ${entries} entries, ${journalMiB.toFixed(0)} MiB`);
    const [built, reopened, asked] = [build(directory), reopen(directory), ask(directory)];
    options.log('opening its page in a browser');
    const pages = await openPages(directory);
    return resultOf(run, { entries, journalMiB }, { built, reopened, asked, pages });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function resultOf(
  run: SimulatedRun,
  journal: { readonly entries: number; readonly journalMiB: number },
  measured: {
    readonly built: Built;
    readonly reopened: Summary;
    readonly asked: readonly Asked[];
    readonly pages: Pages;
  },
): SuiteResult {
  const { built, reopened, asked, pages } = measured;
  const { entries, journalMiB } = journal;
  return {
    suite: 'dashboard',
    tables: [
      {
        title: `A run of ${run.members} members and ${run.rounds} rounds, ${run.contributors} of them with work in each: ${entries} entries, ${journalMiB.toFixed(0)} MiB`,
        columns: ['what', 'by the clock', 'processor time', 'unit'],
        rows: [
          ['first snapshot, nothing read before', built.firstSnapshot.ms, built.firstSnapshot.cpuMs, 'ms'],
          ['first snapshot, index there (median of 5)', reopened.median, '', 'ms'],
          ['index built', built.build.ms / 1000, built.build.cpuMs / 1000, 's'],
          ['entries', entries / (built.build.ms / 1000), entries / (built.build.cpuMs / 1000), '/s'],
          [`longest slice of ${SLICE_MS} ms`, built.longestSlice.ms, built.longestSlice.cpuMs, 'ms'],
          ['resident memory, at most', built.residentMiB, '', 'MiB'],
          ['index', built.indexMiB, '', 'MiB'],
        ],
        notes: ['The journal has the last 100 rounds’ every message, of all others what was decided.'],
      },
      {
        title: `Its page in a browser, seconds from the address (median of ${VISITS} visits after one untimed, each with an empty profile)`,
        columns: ['what', 'shown', 'answers keys', 'first and third quartile'],
        rows: [
          [
            'index there',
            pages.indexed.shown.median,
            pages.indexed.interactive.median,
            pages.indexed.interactive.spread.map((value) => value.toFixed(2)).join(' to '),
          ],
          ['nothing read before (once)', pages.unread.shown, pages.unread.interactive, ''],
        ],
      },
      {
        title: `Questions, ${ASKED} times each`,
        columns: ['question', 'median ms', 'third quartile ms', 'answer bytes'],
        rows: asked.map(({ name, median, spread, bytes }) => [name, median, spread[1], bytes]),
      },
    ],
    data: { run, ...journal, ...measured },
  };
}

export const dashboard: Suite = measure;
