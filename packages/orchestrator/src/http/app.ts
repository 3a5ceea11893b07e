/** The routes. Requests have passed the gate; what a route throws is answered by one place. */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { PeerId } from '@murmuration/protocol';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { TokenState } from '@murmuration/protocol/dashboard';
import { Hono } from 'hono';
import type { Context } from 'hono';
import type { DataFiles } from './data-files.ts';
import type { EventStreams } from './events.ts';
import { joinOffer } from './join-offer.ts';
import type { JoinFacts } from './join-offer.ts';
import { pageAt } from './pages.ts';
import type { PageFile, Pages } from './pages.ts';
import {
  readCurveQuery,
  readLogQuery,
  readMembersQuery,
  readPeerId,
  readRoundsQuery,
  readWorkQuery,
} from './queries.ts';
import type { Snapshots } from './snapshots.ts';
import { Refusal, refuse } from './refusal.ts';
import type { RunView } from './run-view.ts';

export interface AppPorts {
  readonly snapshots: Snapshots;
  /** The run can't be opened, and that was said. */
  readonly broken: () => boolean;
  /** The run; null until it has been opened. */
  readonly view: () => RunView | null;
  readonly pages: () => Pages;
  readonly events: EventStreams;
  readonly data: () => DataFiles;
  /** Null where nobody coordinates the run from here. */
  readonly joinFacts: () => JoinFacts | null;
  /** The origin by which this request reached the server. */
  readonly originOf: (request: HttpBindings['incoming']) => URL;
  /** What requests are counted by. */
  readonly keyOf: (request: HttpBindings['incoming']) => string;
  readonly isOwn: (request: HttpBindings['incoming']) => boolean;
  readonly tokenState: (token: string | null) => TokenState;
  /** Takes out of a text what no answer may hold. */
  readonly redact: (text: string) => string;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  /** Told of what should not have happened. */
  readonly defect: (error: unknown) => void;
}

type Bound = { readonly Bindings: HttpBindings };

/** The place in a stream that a client says it had reached; nonsense counts as none. */
const lastEventId = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;

function answerPage(context: Context<Bound>, file: PageFile): Response {
  const { accept, known } = {
    accept: context.req.header('accept-encoding') ?? '',
    known: context.req.header('if-none-match'),
  };
  const headers = {
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: file.etag,
    vary: 'accept-encoding',
  };
  if (known === file.etag) return context.body(null, 304, headers);
  const packed = /\bgzip\b/.test(accept) ? file.packed : null;
  return context.body(packed ?? file.body, 200, {
    ...headers,
    'content-type': file.type,
    ...(packed === null ? {} : { 'content-encoding': 'gzip' }),
  });
}

export function createApp(ports: AppPorts): Hono<Bound> {
  const app = new Hono<Bound>();
  const view = (): RunView => opened(ports.view());
  const answerText = (context: Context<Bound>, json: string): Response =>
    context.body(json, 200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  const answer = (context: Context<Bound>, value: object): Response =>
    answerText(context, ports.redact(JSON.stringify(value)));
  const opened = <T>(made: T | null): T => {
    if (made === null) throw new Refusal(ports.broken() ? 'unreadable' : 'starting');
    return made;
  };
  const peerOf = (context: Context<Bound>): PeerId => readPeerId(context.req.param('peerId') ?? '');
  const present = <T>(found: T | null): T => {
    if (found === null) throw new Refusal('noSuchMember');
    return found;
  };

  app.get(apiPaths.run, (c) => answerText(c, opened(ports.snapshots.text())));
  app.get(apiPaths.curve, (c) => answer(c, view().curve(readCurveQuery(c.req.query()))));
  app.get(apiPaths.members, (c) => answer(c, view().members(readMembersQuery(c.req.query()))));
  app.get(apiPaths.member, (c) => answer(c, present(view().member(peerOf(c)))));
  app.get(apiPaths.work, (c) =>
    answer(c, view().work(present(view().member(peerOf(c))).peerId, readWorkQuery(c.req.query()))),
  );
  app.get(apiPaths.rounds, (c) => answer(c, view().rounds(readRoundsQuery(c.req.query()))));
  app.get(apiPaths.log, (c) => answer(c, view().log(readLogQuery(c.req.query()))));
  app.get(apiPaths.join, (c) =>
    answer(c, joinOffer(opened(ports.snapshots.value()), ports.joinFacts(), ports.originOf(c.env.incoming))),
  );
  app.get(apiPaths.token, (c) => {
    const [, token = null] = /^Bearer ([\w.-]{1,256})$/.exec(c.req.header('authorization') ?? '') ?? [];
    return answer(c, ports.tokenState(token));
  });
  app.get(apiPaths.events, (c) => {
    const { incoming, outgoing } = c.env;
    ports.events.open(outgoing, ports.keyOf(incoming), lastEventId(c.req.header('last-event-id')));
    return RESPONSE_ALREADY_SENT;
  });
  app.get(apiPaths.data, async (c) => {
    await ports.data().answer(c.env.outgoing, c.req.param('sha256') ?? '');
    return RESPONSE_ALREADY_SENT;
  });
  app.get(apiPaths.health, (c) => {
    if (ports.view() === null && ports.broken()) throw new Refusal('unreadable');
    return answer(c, { status: ports.view() === null ? 'starting' : 'ok' });
  });
  app.get(apiPaths.metrics, async (c) => {
    if (!ports.isOwn(c.env.incoming)) throw new Refusal('private');
    const { type, text } = await ports.metrics();
    return c.body(text, 200, { 'content-type': type, 'cache-control': 'no-store' });
  });
  app.get('*', (c) => {
    const file = pageAt(ports.pages(), c.req.path);
    if (file === null) throw new Refusal('notFound');
    return answerPage(c, file);
  });

  app.onError((error, c) => {
    if (!(error instanceof Refusal)) ports.defect(error);
    refuse(c.env.outgoing, error instanceof Refusal ? error : new Refusal('defect'));
    return RESPONSE_ALREADY_SENT;
  });
  return app;
}
