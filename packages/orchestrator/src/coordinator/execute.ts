/** A run as the command line sees it: signals, progress, the session, and what is left afterwards. */
import { existsSync } from 'node:fs';
import type { CoordinatorState, JournalEntry, RunId } from '@murmuration/protocol';
import { Door } from '@murmuration/protocol/net';
import { exitCodes } from '../cli/exit-codes.ts';
import type { ExitCode } from '../cli/exit-codes.ts';
import type { Output } from '../cli/output.ts';
import type { LoadedJob } from '../plan/load-job.ts';
import { createObserver } from '../progress/observer.ts';
import { plainView, silentView, terminalView } from '../progress/terminal.ts';
import type { ProgressView } from '../progress/terminal.ts';
import { describeRun } from '../summary/describe.ts';
import { differenceText, NO_ESCROW, withPaid } from '../summary/result.ts';
import type { EscrowResult, RunResult } from '../summary/result.ts';
import { summarize } from '../summary/fold.ts';
import type { RunSummary } from '../summary/summary.ts';
import { writeDurably } from '../store/durable-file.ts';
import { ServedRun } from '../http/serve.ts';
import { isLoopback } from '../http/address.ts';
import type { HttpOptions } from '../http/options.ts';
import { JournalStore } from '../store/journal-store.ts';
import { MetricsWriter } from '../store/metrics.ts';
import { DepositPendingError } from '../store/errors.ts';
import { lockRun } from '../store/run-directory.ts';
import type { RunPaths } from '../store/run-directory.ts';
import { environment } from '../report/report.ts';
import { dateTime, percent } from '@murmuration/protocol/dashboard';
import { FiguresFold } from '@murmuration/protocol/projection';
import { version } from '../version.ts';
import { ownMetrics } from './own-metrics.ts';
import { makeProducts } from './products.ts';
import { admissionOf } from '../tokens/admission.ts';
import { Session } from './session.ts';
import { lastEpoch } from './last-epoch.ts';

export interface Execution {
  readonly loaded: LoadedJob;
  readonly runId: RunId;
  readonly paths: RunPaths;
  readonly past: { readonly state: CoordinatorState; readonly last: JournalEntry } | null;
  /** Where pages are served; null: nowhere. */
  readonly http: HttpOptions | null;
  /** Workers must bring a join token; a run that once asked for them goes on to. */
  readonly requireToken: boolean;
  readonly output: Output;
}

/** What a run came to. */
interface Concluded {
  readonly summary: RunSummary;
  readonly result: RunResult;
  /** Unix second from which the last epoch pays; null when all is paid. */
  readonly opensAt: number | null;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function viewFor(output: Output): ProgressView {
  if (output.json || output.quiet) return silentView;
  return process.stdout.isTTY ? terminalView(process.stdout) : plainView((line) => output.line(line));
}

const priceOf = ({ spec: { payment } }: LoadedJob): bigint =>
  payment === 'none' ? 0n : BigInt(payment.pricePerMicroBatch);

/** Runs to the end; returns the exit code. What it throws has left nothing running. */
export async function execute(execution: Execution): Promise<ExitCode> {
  const { paths, loaded } = execution;
  const unlock = lockRun(paths);
  const metrics = new MetricsWriter(paths, loaded.spec.output.tensorboard);
  try {
    // The last line is the run's end, so it waits until everything else has ended.
    return report(execution, await runSession(execution, metrics));
  } catch (cause) {
    if (existsSync(paths.journal) || !existsSync(paths.deposit)) throw cause;
    throw new DepositPendingError({ directory: paths.directory, cause });
  } finally {
    metrics.close();
    unlock();
  }
}

async function runSession(execution: Execution, metrics: MetricsWriter): Promise<Concluded> {
  const { loaded, runId, paths, past, http, requireToken, output } = execution;
  const view = viewFor(output);
  const say = (line: string): void => view.say(line);
  // Before anything else: a port that is taken is told while there is nothing to undo.
  const own = http === null ? null : ownMetrics();
  const { directory } = paths;
  await using served =
    http === null || own === null
      ? null
      : await ServedRun.start({ directory, noted: directory, http, output, say, metrics: own.text });
  const observer = createObserver({ output, view, metrics, live: liveFrom(execution), served });
  using admission = admissionOf(paths, requireToken, loaded.spec.workers.spawn);
  const forPages =
    own === null || served === null || http === null
      ? {}
      : {
          door: new Door(),
          metrics: own.libp2p,
          pages: { origin: new URL(served.origin), isPublic: isPublic(http) },
        };
  const session = new Session({ loaded, runId, paths, past, observer, admission, ...forPages });
  const interrupt = (signal: NodeJS.Signals): void => session.interrupt(`interrupted by ${signal}`);
  for (const signal of signals) process.on(signal, interrupt);
  try {
    output.event({ event: 'run.started', runId, directory: paths.directory, pid: process.pid, resumed: past !== null });
    view.say(`run ${runId} in ${paths.directory}`);
    writeDurably(paths.environment, JSON.stringify(environment(version)));
    await session.start();
    served?.open(await session.coordination());
    if (admission.ownToken !== null) view.say(`who joins needs a link: orchestrate token ${paths.directory}`);
    await session.finished();
    return await conclude(execution, session);
  } finally {
    await session.close();
    for (const signal of signals) process.off(signal, interrupt);
    view.done();
  }
}

/** Whether other machines can open the pages. */
const isPublic = ({ address, announce }: HttpOptions): boolean => !isLoopback(address.host) || announce !== null;

/** The figures that a resumed run begins with. */
function liveFrom({ loaded, paths, past }: Execution): FiguresFold {
  const { globalBatch, microBatch } = loaded.job.training;
  const live = new FiguresFold({
    priceWei: priceOf(loaded).toString(),
    microBatches: globalBatch / microBatch,
    wire: null,
  });
  if (past === null) return live;
  const journal = JournalStore.read(paths.journal);
  for (const entry of journal.entries()) live.add(entry);
  journal.close();
  return live;
}

/** What the journal says of the run. */
function readSummary({ runId, paths }: Execution): RunSummary {
  const journal = JournalStore.read(paths.journal);
  try {
    return summarize(runId, journal.entries());
  } finally {
    journal.close();
  }
}

/** Money first, then the model and the report. */
async function conclude(execution: Execution, session: Session): Promise<Concluded> {
  const { loaded, paths } = execution;
  const { summary, escrow, opensAt } = await closeBooks(session, readSummary(execution));
  const result = await makeProducts({
    loaded,
    paths,
    summary,
    newest: session.states.newest,
    escrow,
    environment: environment(version),
  });
  return { summary, result, opensAt };
}

/** A run that may be resumed keeps its job open: what it has not earned yet stays in escrow. */
async function closeBooks(
  { settlement }: Session,
  summary: RunSummary,
): Promise<{ summary: RunSummary; escrow: EscrowResult; opensAt: number | null }> {
  if (settlement === null) return { summary, escrow: NO_ESCROW, opensAt: null };
  const last = lastEpoch(summary);
  const opensAt = summary.outcome?.outcome === 'finished' ? await settlement.finish(last) : null;
  const paid = last === null ? {} : await settlement.paid(last);
  return { summary: withPaid(summary, paid), escrow: await settlement.totals(), opensAt };
}

function report({ output, paths }: Execution, { summary, result, opensAt }: Concluded): ExitCode {
  for (const line of describeRun(summary, null)) output.line(line);
  if (result.onnx !== null)
    output.line(
      `  model.onnx in onnxruntime: accuracy ${percent(result.onnx.accuracy)}, ${differenceText(result.onnx)}`,
    );
  output.line(`  report: ${paths.report}`);
  if (opensAt !== null)
    output.result(
      `The last epoch can be disputed until ${dateTime(opensAt * 1000)} UTC. Then \`orchestrate resume ${paths.directory}\` pays the workers and takes back the rest.`,
    );
  if (result.outcome === 'drained')
    output.result(`Stopped at round ${result.rounds}. Go on with \`orchestrate resume ${paths.directory}\`.`);
  if (result.outcome === 'failed')
    process.stderr.write(
      `error: ${result.reason}. See ${paths.report}; go on with \`orchestrate resume ${paths.directory}\`.\n`,
    );
  output.event(result as unknown as Parameters<Output['event']>[0]);
  return result.outcome === 'finished'
    ? exitCodes.done
    : result.outcome === 'drained'
      ? exitCodes.interrupted
      : exitCodes.failed;
}
