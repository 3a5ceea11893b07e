/** What is wrong between a run and the money that it deposited before. */
import { MurmurationError } from '@murmuration/protocol';
import type { Address, SettlementScope } from '@murmuration/protocol';

export interface SettlementChange {
  readonly differing: keyof SettlementScope;
  readonly before: SettlementScope;
  readonly now: SettlementScope;
  readonly payer: Address;
}

const what: Readonly<Record<keyof SettlementScope, (change: SettlementChange) => string>> = {
  chainId: ({ before, now }) => `its deposit is on chain ${before.chainId}, and the job names chain ${now.chainId}`,
  settlement: ({ before, now }) =>
    `its deposit is under the settlement contract ${before.settlement}, and the job names ${now.settlement}`,
  // The id follows from the chain, the escrow, who pays, and the run's own secrets, which lie in its directory.
  jobId: ({ before, payer }) =>
    `its deposit ${before.jobId} was made by another payer than ${payer}, or in another escrow contract`,
};

/** A run goes on with another payer's key, other contracts or another chain than it began with. */
export class SettlementChangedError extends MurmurationError {
  readonly code = 'SETTLEMENT_CHANGED';
  readonly differing: keyof SettlementScope;

  constructor(change: SettlementChange) {
    super({
      message: `This run has its budget elsewhere: ${what[change.differing](change)}.`,
      mend: "Put back the payer's key, the contracts and the chain that the run began with; nothing was sent.",
    });
    this.differing = change.differing;
  }
}
