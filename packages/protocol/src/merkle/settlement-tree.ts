/**
 * The Merkle tree of an epoch's settlement: who has earned how much since the job began. Its bytes equal those of the
 * contract `EpochSettlement`: leaf = keccak(keccak(abi.encode(chainId, contract, jobId, worker, cumulative))), node =
 * keccak of the two children, the smaller first, so that a proof needs no sides.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { MurmurationError } from '../core/errors.ts';
import { hash, type Address, type Hash } from '../core/ids.ts';
import { wei, type Wei } from '../core/units.ts';

/** Where a settlement counts: leaves of one job, contract or chain prove nothing in another. */
export interface SettlementScope {
  readonly chainId: number;
  /** Address of the contract `EpochSettlement`. */
  readonly settlement: Address;
  readonly jobId: Hash;
}

/** What a worker has earned from the job's start to the end of the epoch. */
export interface Earning {
  readonly address: Address;
  readonly cumulativeWei: Wei;
}

/** An epoch's tree, ready for signing and for claims. */
export interface SettlementTree {
  readonly root: Hash;
  /** Sum of all earnings. */
  readonly totalWei: Wei;
  /** The siblings from the worker's leaf up to the root. @throws SettlementTreeError when the worker has no leaf */
  proof(worker: Address): Hash[];
}

type Fault = 'empty' | 'duplicate' | 'range' | 'unknown' | 'form';

const mends: Record<Fault, string> = {
  empty: 'Settle an epoch only once somebody has earned something.',
  duplicate: 'Add up what a worker has earned before the tree is built.',
  range: 'Check the prices: amounts must be from 0 to 2^128 − 1.',
  unknown: 'Ask only for workers that the tree was built from.',
  form: 'Give addresses as 0x and 40, hashes as 0x and 64 hexadecimal digits.',
};

/** Causes: no earnings, two for one worker, an amount outside 128 bits, a proof for a stranger, a malformed scope. */
export class SettlementTreeError extends MurmurationError {
  readonly code = 'SETTLEMENT_TREE';
  readonly fault: Fault;

  constructor({ fault, detail }: { fault: Fault; detail: string }) {
    super({ message: `The settlement tree can't be built or read: ${detail}.`, mend: mends[fault] });
    this.fault = fault;
  }
}

const MAX_AMOUNT = (1n << 128n) - 1n;
const WORD_BYTES = 32;

/** The leaf of one earning. @throws SettlementTreeError */
export function settlementLeaf(scope: SettlementScope, { address, cumulativeWei }: Earning): Hash {
  return toHash(leafBytes(scope, address, cumulativeWei));
}

/**
 * Builds the tree. The order of `earnings` does not matter: leaves stand in ascending order of their hashes.
 * @throws SettlementTreeError
 */
export function settlementTree(scope: SettlementScope, earnings: readonly Earning[]): SettlementTree {
  if (earnings.length === 0) throw new SettlementTreeError({ fault: 'empty', detail: 'nobody has earned anything' });
  const leaves = new Map<string, Uint8Array>();
  let total = 0n;
  for (const { address, cumulativeWei } of earnings) {
    const key = address.toLowerCase();
    if (leaves.has(key)) throw new SettlementTreeError({ fault: 'duplicate', detail: `${address} stands there twice` });
    leaves.set(key, leafBytes(scope, address, cumulativeWei));
    total += cumulativeWei;
  }
  if (total > MAX_AMOUNT) throw new SettlementTreeError({ fault: 'range', detail: `the total is ${total}` });
  const levels = levelsAbove([...leaves.values()].sort(compare));
  return {
    root: toHash(levels[levels.length - 1]![0]!),
    totalWei: wei(total),
    proof: (worker) => proofOf(levels, leaves.get(worker.toLowerCase()), worker),
  };
}

/** Whether `proof` leads from the earning to `root`; false too for anything malformed, since it comes from a peer. */
export function verifySettlementProof(
  scope: SettlementScope,
  root: Hash,
  earning: Earning,
  proof: readonly Hash[],
): boolean {
  try {
    const reached = proof.reduce(
      (node, sibling) => parent(node, word(sibling)),
      leafBytes(scope, earning.address, earning.cumulativeWei),
    );
    return compare(reached, word(root)) === 0;
  } catch (error) {
    if (error instanceof SettlementTreeError) return false;
    throw error;
  }
}

function leafBytes(scope: SettlementScope, worker: Address, cumulative: bigint): Uint8Array {
  if (cumulative < 0n || cumulative > MAX_AMOUNT)
    throw new SettlementTreeError({ fault: 'range', detail: `${worker} would have ${cumulative}` });
  const encoded = concatBytes(
    integerWord(BigInt(scope.chainId)),
    word(scope.settlement, 20),
    word(scope.jobId),
    word(worker, 20),
    integerWord(cumulative),
  );
  return keccak_256(keccak_256(encoded));
}

/** All levels, leaves first; a node without a sibling goes up as it is. */
function levelsAbove(leaves: Uint8Array[]): Uint8Array[][] {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) =>
      2 * i + 1 < below.length ? parent(below[2 * i]!, below[2 * i + 1]!) : below[2 * i]!,
    );
  }
  return levels;
}

function proofOf(levels: readonly Uint8Array[][], leaf: Uint8Array | undefined, worker: Address): Hash[] {
  if (leaf === undefined) throw new SettlementTreeError({ fault: 'unknown', detail: `${worker} has no leaf` });
  let index = levels[0]!.indexOf(leaf);
  return levels.flatMap((level) => {
    const sibling = level[index ^ 1];
    index >>= 1;
    return sibling === undefined ? [] : [toHash(sibling)];
  });
}

const parent = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  keccak_256(compare(a, b) < 0 ? concatBytes(a, b) : concatBytes(b, a));

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** The value as a 32-byte ABI word, `bytes` of them significant (the rest are zeros in front). */
function word(text: string, bytes = WORD_BYTES): Uint8Array {
  if (!new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`).test(text))
    throw new SettlementTreeError({ fault: 'form', detail: `${JSON.stringify(text)} is not ${bytes} bytes` });
  return hexToBytes(text.slice(2).padStart(WORD_BYTES * 2, '0'));
}

const integerWord = (value: bigint): Uint8Array => hexToBytes(value.toString(16).padStart(WORD_BYTES * 2, '0'));

const toHash = (bytes: Uint8Array): Hash => hash(`0x${bytesToHex(bytes)}`);
