/** A crowd of members that never was, each with the traits that a page shows. */
import { address, peerId } from '@murmuration/protocol';
import type { PeerId, RunFactOf, WorkerMessageOf } from '@murmuration/protocol';

/** Seeded randomness: the same seed, the same crowd (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const text = (random: () => number, letters: string, length: number): string =>
  Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('');

const adapters = [
  { backend: 'webgpu', name: 'nvidia ampere', kind: 'gpu', class: 'exact', agent: 'murmuration-tab/0.1.0' },
  { backend: 'webgpu', name: 'apple metal-3', kind: 'gpu', class: 'tolerance', agent: 'murmuration-tab/0.1.0' },
  { backend: 'webgpu', name: 'SwiftShader', kind: 'software', class: 'exact', agent: 'murmuration-tab/0.1.0' },
  {
    backend: 'onnx',
    name: 'AMD EPYC (onnxruntime)',
    kind: 'cpu',
    class: 'tolerance',
    agent: 'murmuration-worker/0.1.0',
  },
  { backend: 'exact', name: 'WebAssembly, 8 threads', kind: 'cpu', class: 'exact', agent: 'murmuration-worker/0.1.0' },
] as const;

export interface Simulant {
  readonly peerId: PeerId;
  readonly joined: RunFactOf<'memberJoined'>;
  readonly hello: WorkerMessageOf<'hello'>;
  /** Samples a second. */
  readonly speed: number;
}

export function simulant(random: () => number): Simulant {
  const id = peerId(`16Uiu2HAm${text(random, BASE58, 44)}`);
  const account = address(`0x${text(random, '0123456789abcdef', 40)}`);
  const { backend, agent, ...adapter } = adapters[Math.floor(random() * adapters.length)]!;
  const dialable = random() < 0.6;
  const who = { address: account, payout: account, backend, adapter, agent };
  return {
    peerId: id,
    joined: { type: 'memberJoined', peerId: id, ...who, dialable, returning: false },
    hello: {
      type: 'hello',
      protocolVersion: '2.0.0',
      ...who,
      possession: '0x' as never,
      addresses: dialable ? ['/memory/1'] : [],
      holds: null,
      token: null,
    },
    speed: 200 + Math.floor(random() * 4000),
  };
}
