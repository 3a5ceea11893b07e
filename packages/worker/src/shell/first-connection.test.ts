import { describe, expect, it } from 'vitest';
import { runId, type Terms } from '@murmuration/protocol';
import { DialFailedError, ProtocolMismatchError } from '@murmuration/protocol/net';
import type { CoordinatorLink } from './coordinator-link.ts';
import { firstConnection, Return } from './first-connection.ts';

const terms = { runId: runId('20260101-00000001') } as Terms;
const mismatch = new ProtocolMismatchError({ target: 'it', protocol: '/control' });
const unreached = new DialFailedError({ target: 'it', cause: new Error('refused') });

/** The first connection over a link whose first attempts fail in these ways, without waiting. */
function connect(failures: readonly Error[]): { connected: Promise<Terms>; attempts: () => number } {
  let attempts = 0;
  const link = {
    open: async () => {
      const failure = failures[attempts++];
      if (failure !== undefined) throw failure;
      return terms;
    },
  } as unknown as CoordinatorLink;
  const clock = {
    after: (_delay: number, call: () => void) => {
      call();
      return () => undefined;
    },
  };
  const connected = firstConnection(
    link,
    { peerId: 'it' as never, addresses: [] },
    { report: () => undefined, clock },
    new AbortController().signal,
  );
  return { connected, attempts: () => attempts };
}

describe('the first connection', () => {
  it('is tried again while the coordinator is not reached, or does not answer yet', async () => {
    expect(await connect([unreached, mismatch]).connected).toBe(terms);
  });

  it('ends with the mismatch of a coordinator that goes on to speak another protocol', async () => {
    await expect(connect(Array.from({ length: 9 }, () => mismatch)).connected).rejects.toBe(mismatch);
  });

  it('is tried once where trying again cannot help', async () => {
    const failure = new Error('a job that cannot be run');
    const { connected, attempts } = connect([failure]);
    await expect(connected).rejects.toBe(failure);
    expect(attempts()).toBe(1);
  });
});

describe('coming back to a coordinator', () => {
  it('outlasts a restart, in which it is reached before it answers', () => {
    const back = new Return();
    const course = [unreached, mismatch, mismatch, mismatch, unreached, mismatch];
    expect(course.map((error) => back.isWorthwhile(error))).toEqual(course.map(() => true));
  });

  it('ends when it speaks another protocol again and again', () => {
    const back = new Return();
    const worth = Array.from({ length: 8 }, () => back.isWorthwhile(mismatch));
    expect(worth).toEqual([true, true, true, true, true, true, true, false]);
  });

  it('counts anew after it was there', () => {
    const back = new Return();
    for (let time = 0; time < 7; time++) back.isWorthwhile(mismatch);
    back.succeeded();
    expect(back.isWorthwhile(mismatch)).toBe(true);
  });

  it('ends at once where trying again cannot help', () => {
    expect(new Return().isWorthwhile(new Error('a job that cannot be run'))).toBe(false);
  });
});
