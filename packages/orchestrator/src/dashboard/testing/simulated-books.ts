/** The books of a simulated run: audits that pass a round later, evaluations, checkpoints, and epochs that are paid at once. */
import { createHash } from 'node:crypto';
import { hash, round as roundOf } from '@murmuration/protocol';
import type { Hash, PeerId, RunFact, RunFactOf } from '@murmuration/protocol';
import type { Simulant } from './crowd.ts';
import { CHECKPOINT_EVERY, EPOCH_ROUNDS, EVALUATE_EVERY, PRICE_WEI } from './simulated-job.ts';

/** Chance that a contribution is audited. */
const AUDIT_RATE = 0.03;

export const digestOf = (text: string): Hash => hash(`0x${createHash('sha256').update(text).digest('hex')}`);
/** The hash of the thing of that kind and number. */
export const hashNo = (kind: string, number: number): Hash => digestOf(`${kind}/${number}`);

type OpenAudit = RunFactOf<'auditDrawn'>;

export class Books {
  readonly #random: () => number;
  readonly #crowd: readonly Simulant[];
  readonly #verified = new Map<PeerId, number>();
  #audits = 0;
  #open: readonly OpenAudit[] = [];

  constructor(random: () => number, crowd: readonly Simulant[]) {
    this.#random = random;
    this.#crowd = crowd;
  }

  /** What follows from a round's commit. */
  after(assigned: RunFactOf<'roundAssigned'>): RunFact[] {
    for (const { peerId, microBatches } of assigned.contributors)
      this.#verified.set(peerId, (this.#verified.get(peerId) ?? 0) + microBatches.length);
    return [...this.#closeAudits(), ...this.#drawAudits(assigned), ...this.#milestones(assigned.round + 1)];
  }

  #closeAudits(): RunFact[] {
    const facts = this.#open.map(({ audit, round, target, auditor }): RunFact => {
      const reason = 'relative L2 error 1.000e-7 over 1 micro-batches, 32 samples';
      const verdicts = [{ auditor, outcome: 'pass', relativeError: 1e-7, reason }] as const;
      return {
        type: 'auditClosed',
        audit,
        round,
        target,
        outcome: 'passed',
        verdicts,
        reason: 're-execution agrees (relative error 1.00e-7)',
      };
    });
    this.#open = [];
    return facts;
  }

  #drawAudits({ round, contributors }: RunFactOf<'roundAssigned'>): readonly RunFact[] {
    const drawn = contributors.filter(() => this.#random() < AUDIT_RATE);
    this.#open = drawn.map(({ peerId, microBatches }): OpenAudit => ({
      type: 'auditDrawn',
      audit: this.#audits++,
      round,
      target: peerId,
      auditor: this.#crowd[0]!.peerId,
      microBatches,
      rate: AUDIT_RATE,
    }));
    return this.#open;
  }

  #milestones(committed: number): RunFact[] {
    const round = roundOf(committed);
    return [
      ...(committed % EVALUATE_EVERY === 0
        ? [
            {
              type: 'evaluated',
              evaluation: committed / EVALUATE_EVERY - 1,
              round,
              loss: 0.1 + this.#random() / 10,
              accuracy: 0.97,
              correct: 9700,
              predictions: 10_000,
              final: false,
            } as const,
          ]
        : []),
      ...(committed % CHECKPOINT_EVERY === 0
        ? [{ type: 'checkpointed', round, stateHash: hashNo('state', committed) } as const]
        : []),
      ...(committed % EPOCH_ROUNDS === 0 ? this.#epoch(committed / EPOCH_ROUNDS - 1, committed) : []),
    ];
  }

  #epoch(epoch: number, committed: number): RunFact[] {
    const workers = this.#crowd.flatMap(({ peerId, joined }) => {
      const verified = this.#verified.get(peerId) ?? 0;
      return verified === 0
        ? []
        : [
            {
              peerId,
              address: joined.address,
              verified,
              cumulativeWei: (PRICE_WEI * BigInt(verified)).toString(),
              deferred: 0,
            },
          ];
    });
    const totalWei = workers.reduce((sum, { cumulativeWei }) => sum + BigInt(cumulativeWei), 0n).toString();
    const paidWei = Object.fromEntries(workers.map(({ address: account, cumulativeWei }) => [account, cumulativeWei]));
    return [
      { type: 'epochClosed', epoch, round: roundOf(committed), totalWei, workers },
      {
        type: 'epochSettled',
        epoch,
        transaction: hashNo('transaction', epoch),
        root: hashNo('root', epoch),
        totalWei,
        attestations: [],
        paidWei,
      },
    ];
  }
}
