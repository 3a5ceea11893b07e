/** A tab may vanish at any moment, however it does: the run goes on, no micro-batch is lost or doubled, and the tab comes back. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBrowser } from './support/browser.ts';
import { journalFacts } from './support/journal.ts';
import type { Fact } from './support/journal.ts';
import { expectExactlyOnce } from './support/microbatches.ts';
import { TestRun } from './support/start.ts';
import { TabVolunteer } from './support/tabs.ts';
import { TcpProxy } from './support/tcp-proxy.ts';

/** How long a tab is offline in the test of that name: the thing tested, not a way to wait. */
const OFFLINE_MS = 10_000;
/** Rounds handed out since a tab is ready again, of which it has a part of one. */
const BACK_WITHIN = 2;

let browser: TestBrowser;
let run: TestRun;
let link: string;

beforeAll(async () => {
  browser = await TestBrowser.launch();
  run = new TestRun(
    {
      // Everybody has a part of each round, so that whoever is back is seen to be, and some of the buckets.
      training: { rounds: 100_000, assignment: 'fixed', bucketSize: 4096 },
      workers: { spawn: 1, minimum: 1 },
      network: { failureTimeout: '4s' },
    },
    {},
    ['--http', '127.0.0.1:0'],
  );
  link = await run.joinLink();
  // The Node worker is in, so that no tab ever trains alone: what a single member contributes is checked by nobody.
  await run.committed(1);
});

afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await browser[Symbol.asyncDispose]();
});

interface Fault {
  readonly name: string;
  /** How the journal says that the tab went. */
  readonly how: 'left' | 'lost';
  /** Takes the tab away in the middle of a round, and brings it back. */
  readonly strike: (volunteer: TabVolunteer, proxy: TcpProxy) => Promise<void>;
}

const faults: readonly Fault[] = [
  {
    name: 'closed and opened again',
    how: 'left',
    strike: async (volunteer) => {
      await volunteer.tab.page.goto('about:blank');
      await run.nextCommit();
      await volunteer.open();
    },
  },
  {
    name: 'reloaded',
    how: 'left',
    strike: async (volunteer) => {
      await volunteer.tab.page.reload();
      await volunteer.tab.page.getByRole('button', { name: 'Go on with this tab' }).click();
    },
  },
  {
    name: 'crashed and opened again',
    how: 'lost',
    strike: async (volunteer) => {
      await volunteer.tab.crash();
      await run.nextCommit();
      await volunteer.tab.reopen();
      await volunteer.open();
    },
  },
  {
    name: 'offline for ten seconds',
    how: 'lost',
    strike: async (volunteer, proxy) => {
      volunteer.tab.expectProblems(/WebSocket|ERR_|Failed to load/);
      await volunteer.tab.context.setOffline(true);
      proxy.cut();
      await delay(OFFLINE_MS);
      proxy.mend();
      await volunteer.tab.context.setOffline(false);
    },
  },
];

/** What the journal says of one member, in order. */
const factsOf = (facts: readonly Fact[], peerId: string): readonly Fact[] =>
  facts.filter(
    (fact) => fact['peerId'] === peerId && ['memberJoined', 'memberReady', 'memberGone'].includes(fact.type),
  );

/** How many rounds were handed out, among `facts`, before the first that the member has a part in. */
const roundsWithout = (facts: readonly Fact[], peerId: string): number =>
  facts
    .filter(({ type }) => type === 'roundAssigned')
    .findIndex((fact) => (fact['contributors'] as readonly { peerId: string }[]).some((one) => one.peerId === peerId));

/**
 * Changes what a tab contributes after it has committed to it. Gradients (25,450 numbers in the tests' small model) are
 * copied out of memory that the device shares; the next bytes that leave the page belong to the commitment.
 */
const forgeGradients = `
  const committed = new Set();
  const { set } = Float32Array.prototype;
  Float32Array.prototype.set = function (source, ...rest) {
    if (source.buffer instanceof SharedArrayBuffer && this.length === 25450) committed.add(this);
    return set.call(this, source, ...rest);
  };
  for (const { prototype } of [WebSocket, RTCDataChannel]) {
    const { send } = prototype;
    prototype.send = function (data) {
      for (const gradient of committed) for (let at = 0; at < gradient.length; at++) gradient[at] += 1;
      committed.clear();
      return send.call(this, data);
    };
  }
`;

/** Of the member's stays, how each ended. */
const endsOf = (facts: readonly Fact[], peerId: string): readonly unknown[] =>
  facts.filter(({ type, peerId: who }) => type === 'memberGone' && who === peerId).map(({ code }) => code);

describe('a tab that sends another gradient than it committed to', () => {
  it('is turned away by name, sits out ever longer, and costs the run nothing but a new view', async () => {
    await using volunteer = await TabVolunteer.join(browser, link, { initScript: forgeGradients });
    volunteer.tab.expectProblems(/WebSocket|Failed to load/);
    const peerId = await volunteer.peerId();
    const suspended = await run.command.event('member.suspended', (event) => event['peerId'] === peerId);
    await run.nextCommit();

    const facts = journalFacts(await run.directory());
    const ends = endsOf(facts, peerId);
    expect(ends.length).toBeGreaterThanOrEqual(2);
    expect(new Set(ends)).toEqual(new Set(['DATA_REFUSED']));
    expect(suspended['reason']).toMatch(/refused by 1 of 1 owners: forged/);
    const shares = facts
      .filter(({ type }) => type === 'roundCommitted')
      .flatMap((fact) => fact['shares'] as { peerId: string }[]);
    expect(shares.filter((share) => share.peerId === peerId)).toEqual([]);
  });
});

describe('a tab that is', () => {
  it.each(faults)('$name mid-round: the run goes on, and it is back within two rounds', async ({ how, strike }) => {
    await using proxy = await TcpProxy.to(link);
    await using volunteer = await TabVolunteer.join(browser, proxy.of(link));
    await volunteer.accepted(1);
    const peerId = await volunteer.peerId();
    // Another round has just begun.
    const { round: before } = await run.nextCommit();
    await strike(volunteer, proxy);
    await run.command.event(
      'member.ready',
      (event) => event['peerId'] === peerId && (event['round'] as number) > (before as number),
    );
    await volunteer.trains();
    const here = volunteer.accepted(1);
    await run.command.event(
      'round.committed',
      ({ shares, round }) =>
        (round as number) > (before as number) + 1 &&
        (shares as readonly { peerId: string }[]).some((share) => share.peerId === peerId),
    );
    await here;
    expect(await volunteer.peerId()).toBe(peerId);

    const facts = journalFacts(await run.directory());
    const gone = facts.findIndex((fact) => fact.type === 'memberGone' && fact['peerId'] === peerId);
    const ready = facts.findIndex((fact, i) => i > gone && fact.type === 'memberReady' && fact['peerId'] === peerId);
    expect(factsOf(facts, peerId).map(({ type }) => type)).toEqual([
      'memberJoined',
      'memberReady',
      'memberGone',
      'memberJoined',
      'memberReady',
    ]);
    expect(facts[gone]).toMatchObject({ how });
    const without = roundsWithout(facts.slice(ready), peerId);
    expect(without).toBeGreaterThanOrEqual(0);
    expect(without).toBeLessThan(BACK_WITHIN);
  });

  it('none of all this lost or doubled a micro-batch', async () => {
    await run.nextCommit();
    const exit = await run.interrupt();
    expect(exit.code, run.command.transcript).toBe(130);
    expectExactlyOnce(await run.directory());
  });
});
