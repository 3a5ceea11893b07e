/** What a worker says of itself. */
import { signPossession } from '@murmuration/contracts/signing';
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import {
  hex,
  milliseconds,
  PROTOCOL_VERSION,
  type Address,
  type Hex,
  type MemberConfig,
  type Terms,
  type WorkerMessageOf,
} from '@murmuration/protocol';
import type { MurmurationNode } from '@murmuration/protocol/net-core';
import type { DeviceDescription } from '../compute/device-messages.ts';
import type { PlannedJob } from './prepare-run.ts';

/**
 * Rounds for which sealed reduced buckets are kept for joiners: as many as fit in these bytes, within these bounds. Rounds of a
 * small model are short, and a joiner must find all that were sealed while it fetched the state.
 */
const SEALED_BYTES = 32 << 20;
const SEALED_ROUNDS = [8, 64] as const;
/** Before a lost coordinator is dialled again: a tenth of the time after which it would have to give this worker up. */
const RECONNECT_PART = 0.1;

export interface IdentityParts {
  readonly agent: string;
  readonly node: MurmurationNode;
  readonly key: Secp256k1PrivateKey;
  readonly address: Address;
  readonly payout: Address;
  readonly device: DeviceDescription;
  readonly planned: PlannedJob;
  readonly terms: Terms;
}

export function memberConfig(parts: IdentityParts): MemberConfig {
  const {
    agent,
    node,
    address,
    payout,
    device: { name, adapter },
    planned: { job, program },
  } = parts;
  return {
    peerId: node.peerId,
    identity: {
      protocolVersion: PROTOCOL_VERSION,
      agent: agent.slice(0, 256),
      address,
      payout,
      possession: possessionOf(parts),
      backend: name,
      adapter: { name: adapter.name.slice(0, 256), kind: adapter.kind, class: adapter.class },
      addresses: node.addresses().slice(0, 32),
    },
    auditWindow: job.audit.window,
    sealedWindow: sealedWindowOf(program.layout.size * Float32Array.BYTES_PER_ELEMENT),
    reconnectDelay: milliseconds(Math.max(100, Math.round(job.failureTimeout * RECONNECT_PART))),
  };
}

const sealedWindowOf = (modelBytes: number): number =>
  Math.min(SEALED_ROUNDS[1], Math.max(SEALED_ROUNDS[0], Math.floor(SEALED_BYTES / modelBytes)));

/** The proof of possession for the registry that the terms name; `0x` when they name none. */
export function possessionOf({
  key,
  payout,
  terms: { registration },
}: Pick<IdentityParts, 'key' | 'payout' | 'terms'>): Hex {
  if (registration === null) return hex('0x');
  return signPossession(key.raw, { chainId: registration.chainId, contract: registration.registry }, { payout });
}

/** A hello that answers the terms of the present connection, which need not be the first one's. */
export const answering = (
  hello: WorkerMessageOf<'hello'>,
  parts: Pick<IdentityParts, 'key' | 'payout' | 'terms' | 'node'> & { readonly token: string | null },
): WorkerMessageOf<'hello'> => ({
  ...hello,
  possession: possessionOf(parts),
  token: parts.token,
  addresses: parts.node.addresses().slice(0, 32),
});
