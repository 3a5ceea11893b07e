/** The run and the server as Prometheus reads them. What the coordinator's thread knows is its own and comes from there. */
import type { MemberStatus, RunSnapshot } from '@murmuration/protocol/dashboard';
import { Counter, Gauge, Registry } from 'prom-client';

/** Token units of an amount in its smallest one: what a gauge can hold. */
const units = (wei: string, decimals: number): number => Number(BigInt(wei)) / 10 ** decimals;

/** A gauge of the run: its name after `murmuration_`, what it means, where it stands. */
type Figure = readonly [name: string, help: string, value: (run: RunSnapshot) => number | null];

const figures: readonly Figure[] = [
  ['round', 'Rounds committed.', ({ figures }) => figures.round],
  ['target_rounds', 'Rounds that the job asks for.', ({ head }) => head.targetRounds],
  ['samples', 'Samples trained on in committed rounds.', ({ figures }) => figures.samples],
  ['train_loss', 'Mean training loss of the last committed round.', ({ figures }) => figures.trainLoss],
  ['evaluation_loss', 'Loss of the last evaluation.', ({ figures }) => figures.evaluation?.loss ?? null],
  [
    'evaluation_accuracy',
    'Accuracy of the last evaluation, 0 to 1.',
    ({ figures }) => figures.evaluation?.accuracy ?? null,
  ],
  ['samples_per_second', 'Samples trained a second, over the last rounds.', ({ figures }) => figures.samplesPerSecond],
  ['utilisation', "Part of the members' time that they computed in, 0 to 1.", ({ figures }) => figures.utilisation],
  ['bytes_per_round', 'Bytes of gradients that a round moves between members.', ({ figures }) => figures.bytesPerRound],
  ['round_seconds', 'Length of a round, over the last ones.', ({ figures }) => over1000(figures.roundMs)],
  ['seconds_left', 'Time left at this pace.', ({ figures }) => figures.secondsLeft],
  ['restarts', 'Times that the coordinator was started again.', ({ figures }) => figures.restarts],
  ['live', '1 while a coordinator writes the run.', ({ live }) => Number(live)],
  ['last_event_timestamp_seconds', 'Time of the last journal entry.', ({ figures }) => over1000(figures.lastAt)],
  [
    'spent_tokens',
    "Worth of the verified work, in the token's unit.",
    ({ head, figures }) => money(head, figures.spentWei),
  ],
  [
    'committed_tokens',
    "What the whole job would come to, in the token's unit.",
    ({ head, figures }) => money(head, figures.committedWei),
  ],
  [
    'deposit_tokens',
    "What is in escrow for the job, in the token's unit.",
    ({ head }) => money(head, head.payment?.depositWei ?? '0'),
  ],
];

const over1000 = (milliseconds: number | null): number | null => (milliseconds === null ? null : milliseconds / 1000);
const money = ({ payment }: RunSnapshot['head'], wei: string): number | null =>
  payment === null ? null : units(wei, payment.decimals);

/** What the server knows of itself. */
export interface ServerFigures {
  readonly connections: number;
  readonly streams: number;
  readonly droppedStreams: number;
  readonly upgrades: number;
}

/** As {@link figures}, of the server, under `murmuration_http_`. */
const serverFigures: readonly (readonly [name: string, help: string, value: (server: ServerFigures) => number])[] = [
  ['connections', 'Open connections.', ({ connections }) => connections],
  ['event_streams', 'Open streams of events.', ({ streams }) => streams],
  [
    'event_streams_dropped',
    'Streams that were dropped because nobody read them.',
    ({ droppedStreams }) => droppedStreams,
  ],
  ['peer_connections', 'Open connections of peers that came through this port.', ({ upgrades }) => upgrades],
];

/** What the members table adds up to; it is read in bounded pages. */
export interface MemberFigures {
  readonly byStatus: Readonly<Partial<Record<MemberStatus, number>>>;
  readonly auditsPassed: number;
  readonly auditsFailed: number;
}

export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #refusals: Counter<'status'>;
  readonly #requests: Counter;

  /** @param sources asked at each reading */
  constructor(sources: {
    readonly run: () => RunSnapshot | null;
    readonly members: () => MemberFigures | null;
    readonly server: () => ServerFigures;
  }) {
    const gauge = (name: string, help: string, collect: (gauge: Gauge) => void, labelNames: string[] = []): void => {
      this.#registry.registerMetric(
        new Gauge({
          name: `murmuration_${name}`,
          help,
          labelNames,
          registers: [],
          collect() {
            this.reset();
            collect(this);
          },
        }),
      );
    };
    for (const [name, help, value] of figures)
      gauge(name, help, (to) => {
        const run = sources.run();
        const now = run === null ? null : value(run);
        if (now === null) to.remove();
        else to.set(now);
      });
    for (const [name, help, value] of serverFigures)
      gauge(`http_${name}`, help, (to) => to.set(value(sources.server())));
    const counted = (name: string, help: string, label: string, values: (members: MemberFigures) => object): void =>
      gauge(
        name,
        help,
        (to) => {
          const members = sources.members();
          if (members === null) return;
          for (const [key, value] of Object.entries(values(members))) to.set({ [label]: key }, value as number);
        },
        [label],
      );
    counted('members', 'Members by status, over the whole run.', 'status', ({ byStatus }) => byStatus);
    counted('audits', 'Closed audits by outcome.', 'outcome', ({ auditsPassed: passed, auditsFailed: failed }) => ({
      passed,
      failed,
    }));
    const registers = [this.#registry];
    this.#requests = new Counter({ name: 'murmuration_http_requests_total', help: 'Requests.', registers });
    this.#refusals = new Counter({
      name: 'murmuration_http_refusals_total',
      help: 'Answers with a status of 400 and above.',
      labelNames: ['status'],
      registers,
    });
  }

  requested(): void {
    this.#requests.inc();
  }

  refused(status: number): void {
    this.#refusals.inc({ status: String(status) });
  }

  get type(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
