/** Checks what an epoch's settlement says as far as this worker can see it, and signs it. */
import { signAttestation } from '@murmuration/contracts/signing';
import {
  settlementTree,
  SettlementTreeError,
  wei,
  type Address,
  type CoordinatorMessageOf,
  type Hash,
  type MemberEventOf,
} from '@murmuration/protocol';

export type AttestTask = Omit<CoordinatorMessageOf<'attest'>, 'type'>;
export type AttestResult = Pick<MemberEventOf<'attested'>, 'epoch' | 'root' | 'signature' | 'reason'>;

export class Attester {
  readonly #secretKey: Uint8Array;
  readonly #address: Address;
  /** The one root that was signed for an epoch: two that auditors attested would freeze the job's payments. */
  readonly #signed = new Map<string, Hash>();
  /** What this worker had earned in the last epoch that it signed. */
  #earned = 0n;

  constructor({ secretKey, address }: { readonly secretKey: Uint8Array; readonly address: Address }) {
    this.#secretKey = secretKey;
    this.#address = address;
  }

  attest(task: AttestTask): AttestResult {
    const objection = this.#objection(task);
    const { epoch, root, chainId, settlement, jobId, totalWei } = task;
    if (objection !== null) return { epoch, root, signature: null, reason: objection };
    this.#signed.set(keyOf(task), root);
    this.#earned = this.#own(task);
    const domain = { chainId, contract: settlement };
    const signature = signAttestation(this.#secretKey, domain, { jobId, epoch, root, totalWei: wei(BigInt(totalWei)) });
    return { epoch, root, signature, reason: `${task.leaves.length} leaves add up to the total and give the root` };
  }

  /** Why the epoch cannot be signed; null when it can. */
  #objection(task: AttestTask): string | null {
    const { root, totalWei } = task;
    const signed = this.#signed.get(keyOf(task));
    if (signed !== undefined && signed !== root)
      return `another root, ${signed}, was already signed for epoch ${task.epoch}`;
    const own = this.#own(task);
    if (own < this.#earned) return `this worker's pay would fall from ${this.#earned} to ${own} wei`;
    const tree = treeOf(task);
    if (typeof tree === 'string') return tree;
    if (tree.totalWei !== BigInt(totalWei)) return `the leaves add up to ${tree.totalWei} wei, not ${totalWei}`;
    return tree.root === root ? null : `the leaves give the root ${tree.root}`;
  }

  #own({ leaves }: AttestTask): bigint {
    const leaf = leaves.find(({ address }) => address.toLowerCase() === this.#address.toLowerCase());
    return BigInt(leaf?.cumulativeWei ?? '0');
  }
}

const keyOf = ({ chainId, settlement, jobId, epoch }: AttestTask): string =>
  `${chainId}/${settlement}/${jobId}/${epoch}`;

function treeOf({
  chainId,
  settlement,
  jobId,
  leaves,
}: AttestTask): { readonly root: Hash; readonly totalWei: bigint } | string {
  try {
    const earnings = leaves.map(({ address, cumulativeWei }) => ({
      address,
      cumulativeWei: wei(BigInt(cumulativeWei)),
    }));
    return settlementTree({ chainId, settlement, jobId }, earnings);
  } catch (error) {
    if (error instanceof SettlementTreeError) return error.message;
    throw error;
  }
}
