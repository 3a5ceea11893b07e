/**
 * The money of one run: opens its job in the escrow, registers workers on their own signatures, posts epochs, claims for
 * the workers, and closes the job so that what nobody earned comes back.
 */
import {
  chainTime,
  claimBatch,
  closeJob,
  enrollWorkers,
  escrowTotals,
  identityOf,
  isRegistered,
  jobIdOf,
  openJob,
  postEpoch,
  readEpoch,
  readPaid,
  readProgress,
  registerWorkers,
  signEpoch,
} from '@murmuration/contracts';
import type { Chain, EpochStatement, Registration } from '@murmuration/contracts';
import { settlementTree, wei } from '@murmuration/protocol';
import type {
  Address,
  CoordinatorEffectOf,
  Hash,
  PayLeaf,
  PaymentConfig,
  SettlementScope,
  SettlementTree,
  Terms,
} from '@murmuration/protocol';
import type { EscrowResult } from '../summary/result.ts';
import { SettlementChangedError } from './errors.ts';
import { MaturingEpochs } from './maturing.ts';
import { openChain } from './open-chain.ts';
import type { ChainPlace, OpenedChain, PaidSpec } from './open-chain.ts';

const DAY_SECONDS = 24 * 3600;
/**
 * How long a run may take before anybody may have the unearned part refunded. A devnet's money is nobody's to wait for, and
 * its clock runs ahead by a challenge window with each epoch: there it is what the escrow takes at the most, less a day.
 */
const JOB_SECONDS: Readonly<Record<PaidSpec['type'], number>> = { chain: 90 * DAY_SECONDS, devnet: 3649 * DAY_SECONDS };
/** A window that is worth waiting for at the end of a run on a public chain. */
const PATIENCE_SECONDS = 120;

export interface SettlementOptions extends ChainPlace {
  readonly payment: PaidSpec;
  /** Follows from the run, so that a resumed run finds its own job again. */
  readonly salt: Hash;
  /** The coordinator's secret key `[32]`: what stands under epochs. */
  readonly coordinatorKey: Uint8Array;
  /** Auditors' signatures that an epoch needs. */
  readonly quorum: number;
  /** The job that the run opened or may have opened before; null for a new run. */
  readonly before?: SettlementScope | null;
  /** Called once before the budget is sent, with where it will stand. What it writes must be durable when it returns. */
  readonly depositing?: (scope: SettlementScope) => void;
}

/** Where the job of a run stands that the chain's account pays for. */
const scopeOf = ({ chainId, contracts: { escrow, settlement }, address }: Chain, salt: Hash): SettlementScope => ({
  chainId,
  settlement,
  jobId: jobIdOf({ chainId, escrow }, address, salt),
});

/** What a run has deposited stands under one id for good: under another it would deposit again. */
function requireSame(before: SettlementScope | null, now: SettlementScope, payer: Address): void {
  if (before === null) return;
  const differing = (['chainId', 'settlement', 'jobId'] as const).find(
    (name) => String(before[name]).toLowerCase() !== String(now[name]).toLowerCase(),
  );
  if (differing !== undefined) throw new SettlementChangedError({ differing, before, now, payer });
}

/** The newest epoch that stands on chain, with what it says. */
export interface LastEpoch {
  readonly epoch: number;
  readonly leaves: readonly PayLeaf[];
}

export interface Settled {
  readonly transaction: string;
  readonly paidWei: Record<Address, string>;
}

export class Settlement {
  readonly #opened: OpenedChain;
  readonly #options: SettlementOptions;
  readonly #jobId: Hash;
  readonly #registrations = new Map<Address, Registration>();
  readonly #maturing: MaturingEpochs;

  private constructor(opened: OpenedChain, options: SettlementOptions, jobId: Hash) {
    this.#opened = opened;
    this.#options = options;
    this.#jobId = jobId;
    this.#maturing = new MaturingEpochs(options.payment.challengeWindow / 1000);
  }

  /**
   * Connects, deposits the budget unless that was done before, and returns ready to pay.
   * @throws SettlementChangedError and the errors of `@murmuration/contracts`
   */
  static async open(options: SettlementOptions): Promise<Settlement> {
    const opened = await openChain(options.payment, options);
    try {
      const { payment, coordinatorKey, quorum, salt } = options;
      const scope = scopeOf(opened.chain, salt);
      requireSame(options.before ?? null, scope, opened.chain.address);
      const { jobId } = await openJob(opened.chain, {
        salt,
        depositing: () => options.depositing?.(scope),
        coordinator: identityOf(coordinatorKey).address,
        budgetWei: wei(BigInt(payment.budget)),
        pricePerMicroBatchWei: wei(BigInt(payment.pricePerMicroBatch)),
        deadline: (await chainTime(opened.chain)) + JOB_SECONDS[payment.type],
        challengeWindowSeconds: Math.ceil(payment.challengeWindow / 1000),
        quorum,
      });
      return new Settlement(opened, options, jobId);
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** What workers are told, so that they can sign for their registration. */
  get registration(): NonNullable<Terms['registration']> {
    return { chainId: this.#opened.chain.chainId, registry: this.#opened.chain.contracts.registry };
  }

  get scope(): SettlementScope {
    return {
      chainId: this.#opened.chain.chainId,
      settlement: this.#opened.chain.contracts.settlement,
      jobId: this.#jobId,
    };
  }

  /** What the coordinator machine needs to know. */
  get config(): PaymentConfig {
    const { payment, quorum } = this.#options;
    const { epochRounds, pricePerMicroBatch: microBatchWei, budget: budgetWei } = payment;
    return { epochRounds, microBatchWei, budgetWei, attestations: quorum, ...this.scope };
  }

  /** Notes a worker's proof; it goes on chain with the first epoch that pays the worker or has its signature. */
  note(worker: Address, registration: Registration): void {
    this.#registrations.set(worker, registration);
  }

  /** The tree over what workers have earned since the run began. */
  tree(leaves: readonly PayLeaf[]): SettlementTree {
    return settlementTree(
      this.scope,
      leaves.map(({ address, cumulativeWei }) => ({ address, cumulativeWei: wei(BigInt(cumulativeWei)) })),
    );
  }

  /** Posts the epoch and claims for the workers what has matured, of this epoch or of those before it. Called again for the same epoch it goes on. */
  async settle({ epoch, root, leaves, totalWei, attestations }: CoordinatorEffectOf<'settle'>): Promise<Settled> {
    const { chain } = this.#opened;
    const statement: EpochStatement = { jobId: this.#jobId, epoch, root, totalWei: wei(BigInt(totalWei)) };
    const admitted = await this.#admitWorkers([...leaves, ...attestations].map(({ address }) => address));
    const signature = signEpoch(
      this.#options.coordinatorKey,
      { chainId: chain.chainId, contract: chain.contracts.settlement },
      statement,
    );
    const posted = await postEpoch(chain, {
      statement,
      signature,
      attestations: attestations.filter(({ address }) => admitted.has(address)).map((signed) => signed.signature),
    });
    this.#maturing.add({ epoch, leaves, maturesAt: posted.maturesAt });
    await this.#tryClaim(posted.maturesAt);
    const paidWei = await this.#paid(leaves);
    // The journal will hold the epoch as settled, and numbers have no gaps: a chain that forgot it could take none after it.
    await this.#opened.save();
    // An epoch that stood already was posted by a process that ended before it could note its transaction.
    return { transaction: posted.transaction ?? 'posted before a restart', paidWei };
  }

  /**
   * Ends the job: pays what has matured and takes back what nobody earned. On a public chain whose last epoch can still be
   * challenged it leaves the job open, and the deposit's rest with it. A worker whose payout the token refuses is told of
   * and holds up nothing.
   * @returns null when all is done, else the Unix second of the chain's clock from which it can be
   */
  async finish(last: LastEpoch | null): Promise<number | null> {
    const { chain } = this.#opened;
    const { epochs, closed } = await readProgress(chain, this.#jobId);
    const maturesAt = epochs === 0 ? 0 : (await readEpoch(chain, this.#jobId, epochs - 1)).maturesAt;
    if (!(await this.#matures(maturesAt, PATIENCE_SECONDS))) return maturesAt;
    if (last !== null) await this.#claim(last.epoch, last.leaves);
    if (!closed) await closeJob(chain, { jobId: this.#jobId, coordinatorKey: this.#options.coordinatorKey });
    return null;
  }

  async totals(): Promise<EscrowResult> {
    const { depositedWei, paidWei, refundedWei } = await escrowTotals(this.#opened.chain, this.#jobId);
    return { depositedWei: depositedWei.toString(), paidWei: paidWei.toString(), refundedWei: refundedWei.toString() };
  }

  /** What each worker of the epoch has been paid by now. */
  paid(last: LastEpoch): Promise<Record<Address, string>> {
    return this.#paid(last.leaves);
  }

  /** Ends the connection, and the devnet if it is ours. */
  async close(): Promise<void> {
    await this.#opened.close();
  }

  /**
   * Only those whom the epoch needs: whoever else said hello must not cost gas.
   * @returns those who are members of the job on chain; a worker whose proof the registry refuses is none
   */
  async #admitWorkers(wanted: readonly Address[]): Promise<ReadonlySet<Address>> {
    const { chain } = this.#opened;
    const needed = [...this.#registrations].filter(([worker]) => wanted.includes(worker));
    await registerWorkers(
      chain,
      needed.map(([, registration]) => registration),
    );
    const known = await Promise.all(needed.map(([worker]) => isRegistered(chain, worker)));
    const workers = needed.filter((_, i) => known[i]).map(([worker]) => worker);
    await enrollWorkers(chain, { jobId: this.#jobId, workers, coordinatorKey: this.#options.coordinatorKey });
    return new Set(workers);
  }

  /** Whether the time has come, or can be made to come: a devnet's clock is moved on, a few seconds are waited for. */
  async #matures(maturesAt: number, patienceSeconds: number): Promise<boolean> {
    const { chain, advanceTime } = this.#opened;
    const left = maturesAt - (await chainTime(chain));
    if (left <= 0) return true;
    if (advanceTime !== null) await advanceTime(left);
    else if (left <= patienceSeconds) await new Promise((resolve) => setTimeout(resolve, left * 1000));
    else return false;
    return true;
  }

  /**
   * Claims on the newest epoch that has matured; the one that matures at `newest` was posted just now. It stands, whether
   * anything can be claimed or not: what fails here is made up for by a later claim.
   */
  async #tryClaim(newest: number): Promise<void> {
    try {
      await this.#matures(newest, 0);
      const matured = this.#maturing.take(await chainTime(this.#opened.chain));
      if (matured !== null) await this.#claim(matured.epoch, matured.leaves);
    } catch (error) {
      this.#options.log(`The epoch is posted; what has matured is not claimed yet. ${(error as Error).message}`);
    }
  }

  async #claim(epoch: number, leaves: readonly PayLeaf[]): Promise<void> {
    const tree = this.tree(leaves);
    const claims = leaves.map(({ address, cumulativeWei }) => ({
      address,
      cumulativeWei: wei(BigInt(cumulativeWei)),
      proof: tree.proof(address),
    }));
    const { refused } = await claimBatch(this.#opened.chain, { jobId: this.#jobId, epoch, claims });
    for (const { address, why } of refused)
      this.#options.log(`${address} can't be paid now; what it has earned stays claimable. ${why.message}`);
  }

  async #paid(leaves: readonly PayLeaf[]): Promise<Record<Address, string>> {
    const paid = await Promise.all(
      leaves.map(
        async ({ address }) =>
          [address, (await readPaid(this.#opened.chain, this.#jobId, address)).toString()] as const,
      ),
    );
    return Object.fromEntries(paid);
  }
}
