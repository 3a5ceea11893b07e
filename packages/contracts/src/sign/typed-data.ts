/** The EIP-712 domains and types of the contracts, as Solidity's type hashes have them; what is signed, and who signed. */
import { TypedDataEncoder, recoverAddress, type TypedDataDomain, type TypedDataField } from 'ethers';
import { address, hash, hex, type Address, type Hash, type Hex } from '@murmuration/protocol';
import { signingKey } from '../identity.ts';

/** A contract on a chain: a signature made for one is worth nothing at another. */
export interface SigningDomain {
  readonly chainId: number;
  readonly contract: Address;
}

type Contract = 'WorkerRegistry' | 'EpochSettlement';
interface Statement {
  readonly contract: Contract;
  readonly fields: readonly TypedDataField[];
}

const field = (type: string, name: string): TypedDataField => ({ type, name });
const epochFields = [
  field('bytes32', 'jobId'),
  field('uint64', 'epoch'),
  field('bytes32', 'root'),
  field('uint128', 'total'),
];

/** Every statement that somebody signs, by the name of its type. */
const statements = {
  Possession: { contract: 'WorkerRegistry', fields: [field('address', 'worker'), field('address', 'payout')] },
  PayoutChange: {
    contract: 'WorkerRegistry',
    fields: [
      field('address', 'worker'),
      field('address', 'payout'),
      field('uint256', 'nonce'),
      field('uint256', 'deadline'),
    ],
  },
  Enrolment: { contract: 'EpochSettlement', fields: [field('bytes32', 'jobId'), field('address[]', 'workers')] },
  Epoch: { contract: 'EpochSettlement', fields: epochFields },
  Attestation: { contract: 'EpochSettlement', fields: epochFields },
  Close: { contract: 'EpochSettlement', fields: [field('bytes32', 'jobId'), field('uint64', 'epochs')] },
} as const satisfies Record<string, Statement>;

export type StatementName = keyof typeof statements;

/** The digest that the contract computes for the same values. */
export function statementDigest(name: StatementName, domain: SigningDomain, values: Record<string, unknown>): Hash {
  const { contract, fields } = statements[name];
  return hash(TypedDataEncoder.hash(domainOf(contract, domain), { [name]: [...fields] }, values));
}

/** Signs a statement with a secret key `[32]`; 65 bytes r‖s‖v. */
export function signStatement(
  secretKey: Uint8Array,
  name: StatementName,
  domain: SigningDomain,
  values: Record<string, unknown>,
): Hex {
  return hex(signingKey(secretKey).sign(statementDigest(name, domain, values)).serialized);
}

/** The one spelling that the contracts take, 65 bytes r‖s‖v: no short form, and a recovery bit of 27 or 28 only. */
const SIGNATURE = /^0x[0-9a-f]{64}([0-9a-f]{64})1[bc]$/i;
/** Half the order of secp256k1: every signature has a twin above it, which the contracts refuse. */
const HIGHEST_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * Whose signature stands under a statement; null when the contracts would take it for none (it may come from a peer). The
 * library is more lenient than they are: what it alone takes would make the transaction fail that carries it.
 */
export function statementSigner(
  name: StatementName,
  domain: SigningDomain,
  values: Record<string, unknown>,
  signature: string,
): Address | null {
  const [, s] = SIGNATURE.exec(signature) ?? [];
  if (s === undefined || BigInt(`0x${s}`) > HIGHEST_S) return null;
  try {
    return address(recoverAddress(statementDigest(name, domain, values), signature));
  } catch {
    return null;
  }
}

const domainOf = (name: Contract, { chainId, contract }: SigningDomain): TypedDataDomain => ({
  name: `Murmuration ${name}`,
  version: '1',
  chainId,
  verifyingContract: contract,
});
