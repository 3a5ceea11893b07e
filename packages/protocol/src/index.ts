/** The public face of the protocol. */
export * from './core/errors.ts';
export * from './core/ids.ts';
export * from './core/units.ts';
export * from './core/canonical.ts';
export * from './core/digest.ts';
export * from './merkle/tensor-tree.ts';
export * from './wire/codec.ts';
export * from './wire/commitment.ts';
export * from './wire/version.ts';
export * from './data/tokenizer.ts';
export * from './wire/control.ts';
export * from './wire/frames.ts';
export * from './wire/names.ts';
export type { Decision } from './machines/decision.ts';
export type { AuditConfig, CoordinatorConfig, EvaluationConfig, PaymentConfig } from './machines/coordinator/config.ts';
export type {
  Attestation,
  CoordinatorDecision,
  CoordinatorEffect,
  CoordinatorEffectOf,
  CoordinatorEffectType,
  PayLeaf,
  RunOutcome,
  TimerName,
} from './machines/coordinator/effects.ts';
export type {
  CoordinatorEvent,
  CoordinatorEventOf,
  CoordinatorEventType,
  StatePoint,
} from './machines/coordinator/events.ts';
export type * from './machines/coordinator/state.ts';
export type { MemberConfig } from './machines/member/config.ts';
export type {
  MemberDecision,
  MemberEffect,
  MemberEffectOf,
  MemberEffectType,
  MemberNotice,
  MemberTimerName,
  ReductionTerm,
  Release,
} from './machines/member/effects.ts';
export type { MemberEvent, MemberEventOf, MemberEventType, SignedCommitment } from './machines/member/events.ts';
export type * from './machines/member/state.ts';
export type { JournalEntry } from './journal/events.ts';
export type * from './journal/facts.ts';
export * from './merkle/settlement-tree.ts';
export { claimsOf, type CommitmentClaim } from './machines/coordinator/evidence.ts';
export { coordinatorTransition, CoordinatorStateError } from './machines/coordinator/transition.ts';
export { ownedBy } from './machines/member/state.ts';
export { initialMember, memberTransition, roundHeld } from './machines/member/transition.ts';
export * from './journal/chain.ts';
export * from './journal/errors.ts';
export * from './journal/replay.ts';
