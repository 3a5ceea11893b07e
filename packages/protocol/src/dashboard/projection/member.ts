/** A member over the whole run, fact by fact, and the row that people see of it. */
import type { Address, PeerId } from '../../core/ids.ts';
import type { RoundShare, RunFactOf } from '../../journal/facts.ts';
import { auditRate } from '../../machines/coordinator/audits/draw.ts';
import type { AuditConfig } from '../../machines/coordinator/config.ts';
import { smoothedSpeed } from '../../machines/coordinator/speed.ts';
import type { Adapter, BackendName, WorkerMessageOf } from '../../wire/control.ts';
import type { MemberRow, MemberStatus } from '../api.ts';

/** Plain data of bounded size. Times in milliseconds since 1970. */
export interface MemberState {
  peerId: PeerId;
  address: Address;
  payout: Address;
  backend: BackendName;
  adapter: Adapter;
  agent: string;
  dialable: boolean;
  status: MemberStatus;
  /** The round until which it sits out; null once it is given work again. */
  suspendedUntil: number | null;
  joinedAt: number;
  lastSeenAt: number;
  /** 0: not known. */
  samplesPerSecond: number;
  /** The work that it was handed last: the attempt's assignment, and how many micro-batches. */
  assignment: number;
  assigned: number;
  /** Of all rounds that were committed, those too that were rolled back later: the work was done. */
  rounds: number;
  samples: number;
  computeMs: number;
  trained: number;
  forfeited: number;
  auditsPassed: number;
  auditsFailed: number;
  /** Audits of it that could not be made because it was gone. */
  unverifiable: number;
  /** The last of these came after the last audit that it passed: work that no audit has proved is not paid. */
  probation: boolean;
  /** In closed epochs, and on chain. */
  earnedWei: string;
  paidWei: string;
  /** Sequence of the entry that last changed what its row shows. */
  changed: number;
}

type Introduction = Pick<MemberState, 'peerId' | 'address' | 'payout' | 'backend' | 'adapter' | 'agent' | 'dialable'>;

function newMember(who: Introduction, at: number): MemberState {
  return {
    ...who,
    status: 'joined',
    suspendedUntil: null,
    joinedAt: at,
    lastSeenAt: at,
    samplesPerSecond: 0,
    assignment: -1,
    assigned: 0,
    rounds: 0,
    samples: 0,
    computeMs: 0,
    trained: 0,
    forfeited: 0,
    auditsPassed: 0,
    auditsFailed: 0,
    unverifiable: 0,
    probation: false,
    earnedWei: '0',
    paidWei: '0',
    changed: 0,
  };
}

export function joinedMember(
  known: MemberState | undefined,
  { peerId, address, payout, backend, adapter, agent, dialable }: RunFactOf<'memberJoined'>,
  at: number,
): MemberState {
  const who = { peerId, address, payout, backend, adapter, agent, dialable };
  return known === undefined ? newMember(who, at) : { ...known, ...who, status: 'joined', lastSeenAt: at };
}

/** Somebody who was never let in: all that is known of it is what it said of itself. */
export function refusedMember(
  peerId: PeerId,
  { address, payout, backend, adapter, agent, addresses }: WorkerMessageOf<'hello'>,
  at: number,
): MemberState {
  const who = { peerId, address, payout, backend, adapter, agent, dialable: addresses.length > 0 };
  return { ...newMember(who, at), status: 'refused' };
}

/** A committed round's work. */
export function credited(member: MemberState, { microBatches, samples, computeMs }: RoundShare): MemberState {
  return {
    ...member,
    trained: member.trained + microBatches.length,
    samples: member.samples + samples,
    rounds: member.rounds + 1,
    computeMs: member.computeMs + computeMs,
    samplesPerSecond: smoothedSpeed(member.samplesPerSecond, samples, computeMs),
  };
}

export function audited(member: MemberState, { outcome }: RunFactOf<'auditClosed'>): MemberState {
  const counted = {
    passed: { auditsPassed: member.auditsPassed + 1, probation: false },
    failed: { auditsFailed: member.auditsFailed + 1 },
    unverifiable: { unverifiable: member.unverifiable + 1, probation: true },
    disputed: {},
    expired: {},
  };
  return { ...member, ...counted[outcome] };
}

/** Micro-batches that pay follows. */
export const verifiedOf = ({ trained, forfeited }: MemberState): number => Math.max(0, trained - forfeited);

const isThere: ReadonlySet<MemberStatus> = new Set(['joined', 'ready']);
export const isPresent = ({ status }: MemberState): boolean => isThere.has(status);

/** What a member's row says beyond the member itself. */
export interface RowContext {
  readonly audit: AuditConfig;
  /** The last attempt at a round: its assignment, and the micro-batches handed out in it. */
  readonly assignment: number;
  readonly handedOut: number;
}

export function memberRow(member: MemberState, { audit, assignment, handedOut }: RowContext): MemberRow {
  const { peerId, address, backend, adapter, agent, dialable, status, suspendedUntil, samplesPerSecond, lastSeenAt } =
    member;
  const { auditsPassed, auditsFailed, forfeited, earnedWei, paidWei, probation } = member;
  return {
    peerId,
    address,
    backend,
    adapter,
    agent,
    dialable,
    status,
    suspendedUntil,
    samplesPerSecond: samplesPerSecond > 0 ? samplesPerSecond : null,
    share: member.assignment === assignment && handedOut > 0 ? member.assigned / handedOut : 0,
    trust: {
      passed: auditsPassed,
      failed: auditsFailed,
      rate: isPresent(member) ? (probation ? 1 : auditRate(audit, auditsPassed)) : null,
    },
    lastSeenAt,
    verified: verifiedOf(member),
    forfeited,
    earnedWei,
    paidWei,
  };
}
