/** A member machine in a test's hands: member `a` of a run of `a`, `b` and `c` with four buckets. */
import {
  address,
  bucket,
  hash,
  hex,
  microBatch,
  peerId,
  round,
  runId,
  view,
  type Hash,
  type PeerId,
} from '../../core/ids.ts';
import { milliseconds, timestamp } from '../../core/units.ts';
import { tensorTreeOfHashes } from '../../merkle/tensor-tree.ts';
import type { CoordinatorMessage, CoordinatorMessageOf, WorkerMessage } from '../../wire/control.ts';
import { PROTOCOL_VERSION } from '../../wire/names.ts';
import type { MemberEffect, MemberEffectOf, MemberEffectType } from './effects.ts';
import type { MemberEvent } from './events.ts';
import type { MemberState } from './state.ts';
import { initialMember, memberTransition } from './transition.ts';

/** The peer id of a worker that a test calls by a letter. */
export const idOf = (name: string): PeerId => peerId(`16Uiu2HAm${name.repeat(44)}`);
/** A hash that a test calls by a number. */
export const hashNo = (number: number): Hash => hash(`0x${number.toString(16).padStart(64, '0')}`);
/** Address of member `a`. */
export const own = address(`0x${'a'.repeat(40)}`);
/** The signature of a worker that a test calls by a letter. */
export const signatureOf = (name: string) => hex(`0x${name.charCodeAt(0).toString(16)}`);
type Happening = MemberEvent extends infer E ? (E extends MemberEvent ? Omit<E, 'at'> : never) : never;

/** Member `a` of a run of `a`, `b` and `c`, four buckets. */
export class Member {
  readonly effects: MemberEffect[] = [];
  state: MemberState = initialMember({
    peerId: idOf('a'),
    auditWindow: 4,
    sealedWindow: 8,
    reconnectDelay: milliseconds(100),
    identity: {
      protocolVersion: PROTOCOL_VERSION,
      agent: 'test',
      address: own,
      payout: own,
      possession: hex('0x'),
      backend: 'exact',
      adapter: { name: 'cpu', kind: 'cpu', class: 'exact' },
      addresses: ['/memory/a'],
    },
  });

  tell(happening: Happening): readonly MemberEffect[] {
    const { state, effects } = memberTransition(this.state, { ...happening, at: timestamp(0) });
    this.state = state;
    this.effects.push(...effects);
    return effects;
  }

  hear(message: CoordinatorMessage): readonly MemberEffect[] {
    return this.tell({ type: 'message', message });
  }

  /** Up to `ready` at round 0. */
  follow(): this {
    this.tell({ type: 'connected' });
    this.hear({ type: 'welcome', runId: runId('test-00000001'), job: {}, heartbeatMs: 250, sync: null });
    this.tell({ type: 'prepared', buckets: 4, samplesPerSecond: 100 });
    this.tell({ type: 'stateHeld', round: round(0), stateHash: hashNo(0) });
    return this;
  }

  assign(fields: Partial<CoordinatorMessageOf<'assign'>> = {}): readonly MemberEffect[] {
    return this.hear({ type: 'assign', ...viewOf(1), deadlineMs: 1000, ...fields });
  }

  computed(at = 0, assignment = 1): readonly MemberEffect[] {
    return this.tell({
      type: 'computed',
      round: round(at),
      assignment: view(assignment),
      root: hashNo(100),
      microBatches: [microBatch(0)],
      samples: 2,
      lossSum: 1,
      computeMs: 5,
      signature: signatureOf('a'),
    });
  }

  contribution(name: string, number: number, fields: object = {}): readonly MemberEffect[] {
    return this.tell({
      type: 'contributionReceived',
      from: idOf(name),
      bucket: bucket(number),
      round: round(0),
      assignment: view(1),
      microBatches: [microBatch(name.charCodeAt(0) - 97)],
      samples: 2,
      root: hashNo(name.charCodeAt(0)),
      signature: signatureOf(name),
      ...fields,
    });
  }

  reducedFrom(name: string, number: number, under = 1, value = number): readonly MemberEffect[] {
    return this.tell({
      type: 'reducedReceived',
      from: idOf(name),
      round: round(0),
      view: view(under),
      bucket: bucket(number),
      hash: hashNo(value),
    });
  }

  /** Through the whole round 0 up to `gathered`. */
  gather(): this {
    this.assign();
    this.computed();
    for (const name of ['b', 'c']) for (const number of [0, 3]) this.contribution(name, number);
    for (const number of [0, 3])
      this.tell({ type: 'reduced', round: round(0), view: view(1), bucket: bucket(number), hash: hashNo(number) });
    this.reducedFrom('b', 1);
    this.reducedFrom('c', 2);
    return this;
  }

  done<T extends MemberEffectType>(type: T): MemberEffectOf<T>[] {
    return this.effects.filter((effect): effect is MemberEffect & MemberEffectOf<T> => effect.type === type);
  }

  said<T extends WorkerMessage['type']>(type: T): Extract<WorkerMessage, { type: T }>[] {
    return this.done('send').flatMap(({ message }) =>
      message.type === type ? [message as Extract<WorkerMessage, { type: T }>] : [],
    );
  }
}

/** All three contribute; buckets 0 and 3 are a's, 1 is b's, 2 is c's. */
export function viewOf(number: number, names = 'abc', owners = [0, 1, 2, 0]) {
  return {
    round: round(0),
    view: view(number),
    assignment: view(1),
    owners,
    contributors: Array.from(names, (name) => ({
      peerId: idOf(name),
      assignment: view(1),
      microBatches: [microBatch(name.charCodeAt(0) - 97)],
    })),
    members: Array.from(names, (name) => ({ peerId: idOf(name), addresses: [`/memory/${name}`] })),
  };
}

/** The seal of round 0 as {@link Member.gather} leads to it. */
export const seal = (fields: Partial<CoordinatorMessageOf<'seal'>> = {}): CoordinatorMessageOf<'seal'> => ({
  type: 'seal',
  round: round(0),
  view: view(1),
  digest: tensorTreeOfHashes([0, 1, 2, 3].map(hashNo)).root,
  hashes: [0, 1, 2, 3].map(hashNo),
  samples: 6,
  holders: [{ peerId: idOf('b'), addresses: ['/memory/b'] }],
  snapshot: false,
  ...fields,
});
