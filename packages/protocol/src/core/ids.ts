/** The names of things on the wire and in the journal, branded so that one is never taken for another. */
import type { Branded } from './units.ts';

/** One execution of a job: 8 lowercase hexadecimal digits with a date before them. */
export type RunId = Branded<string, 'RunId'>;
/** A libp2p peer id of a secp256k1 key, base58btc text (`16Uiu2HA…`). */
export type PeerId = Branded<string, 'PeerId'>;
/** An EVM address, EIP-55 checksummed. The same key as the {@link PeerId}. */
export type Address = Branded<string, 'Address'>;
/** A SHA-256 or keccak-256 digest, `0x` and 64 lowercase hexadecimal digits. */
export type Hash = Branded<string, 'Hash'>;
/** Bytes as `0x` and lowercase hexadecimal digits. */
export type Hex = Branded<string, 'Hex'>;
/** The number of an update of the parameters; the first is 0. A state "at round r" has r updates applied. */
export type Round = Branded<number, 'Round'>;
/** The number of a member list. It grows through the whole run, so a view names its round, and a stale one shows. */
export type View = Branded<number, 'View'>;
/** The global number of a micro-batch: it names a fixed range of the seeded sample order. */
export type MicroBatch = Branded<number, 'MicroBatch'>;
/** The index of a fixed slice of the flat parameter vector. */
export type Bucket = Branded<number, 'Bucket'>;

export const runId = (value: string): RunId => value as RunId;
export const peerId = (value: string): PeerId => value as PeerId;
export const address = (value: string): Address => value as Address;
export const hash = (value: string): Hash => value as Hash;
export const hex = (value: string): Hex => value as Hex;
export const round = (value: number): Round => value as Round;
export const view = (value: number): View => value as View;
export const microBatch = (value: number): MicroBatch => value as MicroBatch;
export const bucket = (value: number): Bucket => value as Bucket;
