/** Epochs on their way to the chain: close, root, attest, settle. One at a time; roots are cumulative, so a failed one is covered by the next. */
import type { Hash, PeerId } from '../../../core/ids.ts';
import type { WorkerMessageOf } from '../../../wire/control.ts';
import type { PaymentConfig } from '../config.ts';
import { attestTimeout } from '../deadlines.ts';
import type { PayLeaf } from '../effects.ts';
import type { CoordinatorEventOf } from '../events.ts';
import { isPresent, welcomedMembers } from '../select.ts';
import type { Account, CoordinatorState, EpochInFlight } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { microBatchesIn, settleable } from './accounts.ts';
import { earned } from './budget.ts';

const sortedAccounts = (state: CoordinatorState): Account[] =>
  Object.values<Account>(state.accounts).toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1));
const totalOf = (leaves: readonly PayLeaf[]): bigint =>
  leaves.reduce((sum, { cumulativeWei }) => sum + BigInt(cumulativeWei), 0n);

/** Whether something is earned that no settled epoch covers. */
export function epochPending(state: CoordinatorState): boolean {
  const { payment } = state.config;
  if (payment === null) return false;
  const verified = sortedAccounts(state).reduce(
    (sum, account) => sum + account.verified + microBatchesIn(settleable(account)),
    0,
  );
  return earned(payment.microBatchWei, verified) > BigInt(state.settlement.settledWei);
}

/** Moves all settleable work into the next epoch and asks the shell for its tree; an epoch that was deferred goes first. */
export function closeEpoch(turn: CoordinatorTurn): void {
  const { payment } = turn.state.config;
  if (payment === null || turn.state.settlement.inFlight !== null) return;
  if (turn.state.settlement.deferred !== null) return retry(turn, turn.state.settlement.deferred);
  for (const account of sortedAccounts(turn.state)) book(turn, account);
  const leaves = leavesOf(turn.state, payment);
  const { settlement, committed } = turn.state;
  const epoch = settlement.nextEpoch;
  const totalWei = totalOf(leaves).toString();
  const inFlight: EpochInFlight = {
    epoch,
    leaves,
    totalWei,
    round: committed,
    root: null,
    asked: [],
    refused: [],
    attestations: [],
    submitted: false,
  };
  turn.set({ settlement: { ...settlement, nextEpoch: epoch + 1, closedRounds: committed, inFlight } });
  turn.do({ type: 'closeEpoch', epoch, leaves, totalWei });
  const deferred = (peerId: PeerId): number => microBatchesIn(turn.state.accounts[peerId]?.unsettled ?? []);
  turn.record({
    type: 'epochClosed',
    epoch,
    round: committed,
    totalWei,
    workers: leaves.map(({ peerId, address, verified, cumulativeWei }) => ({
      peerId,
      address,
      verified,
      cumulativeWei,
      deferred: deferred(peerId),
    })),
  });
  turn.because(`epoch ${epoch} closes at round ${committed}: ${leaves.length} workers`);
}

/** One that was on its way to the chain may have arrived: it goes there again as it was. Any other is signed anew. */
function retry(turn: CoordinatorTurn, deferred: EpochInFlight): void {
  const { settlement, committed } = turn.state;
  const { epoch, leaves, totalWei, submitted } = deferred;
  const unsigned = { ...deferred, root: null, asked: [], refused: [], attestations: [] };
  const inFlight: EpochInFlight = { ...(submitted ? deferred : unsigned), submitted: false };
  turn.set({ settlement: { ...settlement, closedRounds: committed, inFlight, deferred: null } });
  if (!submitted) turn.do({ type: 'closeEpoch', epoch, leaves, totalWei });
  turn.because(`epoch ${epoch} is tried again`);
}

function book(turn: CoordinatorTurn, account: Account): void {
  const done = settleable(account);
  if (done.length === 0) return;
  turn.setAccount({
    ...account,
    verified: account.verified + microBatchesIn(done),
    unsettled: account.unsettled.filter((entry) => !done.includes(entry)),
  });
}

const leavesOf = (state: CoordinatorState, { microBatchWei }: PaymentConfig): PayLeaf[] =>
  sortedAccounts(state)
    .filter(({ verified }) => verified > 0)
    .map(({ peerId, address, verified }) => ({
      peerId,
      address,
      verified,
      cumulativeWei: earned(microBatchWei, verified).toString(),
    }));

/** After every event: closes an epoch that is due, and submits one that has its signatures. */
export function tendEpochs(turn: CoordinatorTurn): void {
  const { config, committed, settlement, phase } = turn.state;
  if (config.payment === null || phase.name === 'over') return;
  const { inFlight } = settlement;
  const { epochRounds } = config.payment;
  if (inFlight !== null) return tendSignatures(turn, inFlight, config.payment);
  if (
    phase.name !== 'closing' &&
    Math.floor(committed / epochRounds) > Math.floor(settlement.closedRounds / epochRounds) &&
    epochPending(turn.state)
  )
    closeEpoch(turn);
}

function tendSignatures(turn: CoordinatorTurn, epoch: EpochInFlight, payment: PaymentConfig): void {
  if (epoch.root === null || epoch.submitted) return;
  if (epoch.attestations.length >= payment.attestations) return submit(turn, epoch, epoch.root);
  const inFlight = askNewcomers(turn, epoch, epoch.root, payment);
  if (inFlight.asked.some((peer) => mayAnswer(turn.state, inFlight, peer))) return;
  // With nobody here somebody may come back, until the timer says otherwise; a run that is told to end does not wait.
  if (inFlight.asked.length === 0 && turn.state.draining === null) return;
  defer(
    turn,
    inFlight,
    `${inFlight.attestations.length} of ${payment.attestations} signatures, ${inFlight.refused.length} refused`,
  );
}

function mayAnswer(
  { members, draining }: CoordinatorState,
  { refused, attestations }: EpochInFlight,
  peer: PeerId,
): boolean {
  const answered = refused.includes(peer) || attestations.some(({ peerId }) => peerId === peer);
  return !answered && (draining === null || isPresent(members[peer]));
}

/** Every member is asked once to check the epoch and sign it, those too that come while signatures are missing. */
function askNewcomers(
  turn: CoordinatorTurn,
  inFlight: EpochInFlight,
  root: Hash,
  { chainId, settlement, jobId, attestations }: PaymentConfig,
): EpochInFlight {
  const { epoch, totalWei, leaves, asked } = inFlight;
  const newcomers = welcomedMembers(turn.state)
    .map(({ peerId }) => peerId)
    .filter((peer) => !asked.includes(peer));
  if (newcomers.length === 0) return inFlight;
  const next = { ...inFlight, asked: [...asked, ...newcomers] };
  setInFlight(turn, next);
  turn.send(newcomers, {
    type: 'attest',
    epoch,
    root,
    chainId,
    settlement,
    jobId,
    totalWei,
    leaves: leaves.map(({ address, cumulativeWei }) => ({ address, cumulativeWei })),
  });
  turn.because(`epoch ${epoch} is to be signed by ${attestations} of ${next.asked.length} members`);
  return next;
}

function submit(turn: CoordinatorTurn, inFlight: EpochInFlight, root: NonNullable<EpochInFlight['root']>): void {
  const { epoch, leaves, totalWei, attestations } = inFlight;
  setInFlight(turn, { ...inFlight, submitted: true });
  turn.do({ type: 'cancelTimer', name: 'attest' }, { type: 'settle', epoch, root, leaves, totalWei, attestations });
  turn.because(`epoch ${epoch} goes on chain with ${attestations.length} signatures`);
}

/** The shell has built the tree: members can check and sign it. */
export function noteRooted(turn: CoordinatorTurn, { epoch, root }: CoordinatorEventOf<'epochRooted'>): void {
  const { config, settlement } = turn.state;
  const { inFlight } = settlement;
  if (inFlight === null || inFlight.epoch !== epoch || inFlight.root !== null) return;
  setInFlight(turn, { ...inFlight, root });
  turn.do({ type: 'setTimer', name: 'attest', delay: attestTimeout(config) });
}

export function noteAttestation(
  turn: CoordinatorTurn,
  from: PeerId,
  { epoch, root, signature, reason }: WorkerMessageOf<'attestation'>,
): void {
  const { inFlight } = turn.state.settlement;
  const address = turn.member(from)?.address;
  if (
    inFlight === null ||
    inFlight.epoch !== epoch ||
    inFlight.root !== root ||
    address === undefined ||
    !inFlight.asked.includes(from)
  )
    return;
  if (
    inFlight.submitted ||
    inFlight.refused.includes(from) ||
    inFlight.attestations.some(({ peerId }) => peerId === from)
  )
    return;
  if (signature === null) {
    setInFlight(turn, { ...inFlight, refused: [...inFlight.refused, from] });
    return turn.because(`${from} refuses to sign epoch ${epoch}: ${reason}`);
  }
  setInFlight(turn, { ...inFlight, attestations: [...inFlight.attestations, { peerId: from, address, signature }] });
  turn.because(`${from} signed epoch ${epoch}`);
}

/** `attest`: too few signatures in time. */
export function attestTimedOut(turn: CoordinatorTurn): void {
  const { inFlight } = turn.state.settlement;
  if (inFlight !== null && !inFlight.submitted)
    defer(turn, inFlight, `only ${inFlight.attestations.length} members signed in time`);
}

export function noteSettled(
  turn: CoordinatorTurn,
  { epoch, transaction, paidWei }: CoordinatorEventOf<'settled'>,
): void {
  const { settlement } = turn.state;
  const { inFlight } = settlement;
  if (inFlight === null || inFlight.epoch !== epoch || inFlight.root === null) return;
  turn.set({ settlement: { ...settlement, inFlight: null, settledWei: inFlight.totalWei } });
  turn.record({
    type: 'epochSettled',
    epoch,
    transaction,
    root: inFlight.root,
    totalWei: inFlight.totalWei,
    attestations: inFlight.attestations.map(({ peerId }) => peerId),
    paidWei,
  });
  turn.because(`epoch ${epoch} is settled`);
  for (const leaf of inFlight.leaves) tellPay(turn, epoch, leaf, paidWei[leaf.address]);
}

function tellPay(
  turn: CoordinatorTurn,
  epoch: number,
  { peerId, verified, cumulativeWei }: PayLeaf,
  paid: string | undefined,
): void {
  const account = turn.state.accounts[peerId];
  if (account === undefined) return;
  const paidWei = paid ?? account.paidWei;
  turn.setAccount({ ...account, paidWei });
  if (!isPresent(turn.member(peerId))) return;
  turn.send([peerId], {
    type: 'pay',
    epoch,
    verified,
    cumulativeWei,
    paidWei,
    reason: `${verified} verified micro-batches up to epoch ${epoch}`,
  });
}

export function noteSettleFailed(turn: CoordinatorTurn, { epoch, reason }: CoordinatorEventOf<'settleFailed'>): void {
  const { inFlight } = turn.state.settlement;
  if (inFlight?.epoch === epoch) defer(turn, inFlight, reason);
}

/** It is tried again at the next epoch's end; at the end of the run there is none, and the run says so. */
export function defer(turn: CoordinatorTurn, deferred: EpochInFlight, reason: string): void {
  const { epoch } = deferred;
  turn.set({ settlement: { ...turn.state.settlement, inFlight: null, deferred } });
  turn.do({ type: 'cancelTimer', name: 'attest' });
  turn.record({ type: 'epochDeferred', epoch, reason });
  turn.because(`epoch ${epoch} is deferred: ${reason}`);
  const { phase } = turn.state;
  if (phase.name === 'closing') turn.enter({ ...phase, settlementFailures: phase.settlementFailures + 1 });
}

function setInFlight(turn: CoordinatorTurn, inFlight: EpochInFlight): void {
  turn.set({ settlement: { ...turn.state.settlement, inFlight } });
}
