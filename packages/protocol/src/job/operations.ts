/** The sections that say who computes, over which network, watched how closely, and for what pay. */
import { z } from 'zod';
import { addressSchema } from '../wire/fields.ts';
import {
  amount,
  duration,
  flag,
  fraction,
  listenAddress,
  must,
  naturalNumber,
  positiveInteger,
  positiveNumber,
  text,
} from './fields.ts';

const members = positiveInteger.max(4096, must('an integer from 1 to 4096'));

export const workersSpecSchema = z
  .strictObject({
    /** Worker processes that `run` starts on this machine. */
    spawn: naturalNumber.max(256, must('an integer from 0 to 256')).default(3),
    /** Training starts with at least so many members (it goes on with those that are left); `spawn` unless given. */
    minimum: members.optional(),
    maximum: members.default(256),
    /** Backend of the spawned workers; `auto` measures. */
    backend: z.enum(['auto', 'webgpu', 'onnx', 'exact']).default('auto'),
    /** Threads of a spawned worker; left out, the cores are shared out evenly. */
    threads: positiveInteger.max(1024, must('an integer from 1 to 1024')).optional(),
  })
  .transform((workers) => ({ ...workers, minimum: workers.minimum ?? Math.max(1, workers.spawn) }));

export const networkSpecSchema = z.strictObject({
  /** Where the coordinator listens. Port 0 takes a free one. */
  listen: z
    .array(listenAddress, must('a list of multiaddrs'))
    .min(1, must('a list of at least one multiaddr'))
    .max(16)
    .default(['/ip4/127.0.0.1/tcp/0']),
  /** What workers are told to dial, when it differs from `listen` (a forwarded port, a domain name). */
  announce: z.array(listenAddress, must('a list of multiaddrs')).max(16).default([]),
  /** A member silent for so long is lost; every other time-out derives from it. */
  failureTimeout: duration.prefault('10s'),
});

export const auditSpecSchema = z.strictObject({
  /** Chance that a new member's contribution to a round is re-executed by another member. */
  rate: fraction.default(0.1),
  /** The rate that a member with a long clean record sinks to. */
  floor: fraction.default(0.02),
  /** Rounds for which members keep what an auditor needs. */
  window: positiveInteger.max(64, must('an integer from 1 to 64')).default(4),
  /** Relative L2 error up to which a contribution passes at once. */
  accept: positiveNumber.default(5e-5),
  /** Relative L2 error above which it fails; between the two another auditor is asked. */
  challenge: positiveNumber.default(2e-4),
});

/** What both kinds of payment say; amounts in tokens of 18 decimals. */
const payFields = {
  /** Put into escrow before the first round; the unearned part comes back. */
  budget: amount,
  pricePerMicroBatch: amount,
  /** Rounds settled together. */
  epochRounds: positiveInteger.default(50),
};
const contractWords = must('a contract address, 0x and 40 hexadecimal digits');
const contract = z
  .string(contractWords)
  .regex(/^0x[0-9a-fA-F]{40}$/, contractWords)
  .pipe(addressSchema);

export const paymentSpecSchema = z.union([
  z.literal('none'),
  z.discriminatedUnion('type', [
    z.strictObject({
      /** A chain of this machine, started and stopped by `run`. */
      type: z.literal('devnet'),
      ...payFields,
      /** How long an epoch's root can be disputed before workers may claim. The devnet's clock is moved on, not waited for. */
      challengeWindow: duration.prefault('60s'),
    }),
    z.strictObject({
      type: z.literal('chain'),
      ...payFields,
      challengeWindow: duration.prefault('1h'),
      rpcUrl: z.url({ protocol: /^https?$/, ...must('an http or https address of a JSON-RPC endpoint') }),
      chainId: positiveInteger,
      contracts: z.strictObject({ registry: contract, escrow: contract, settlement: contract, token: contract }),
      /** A file that holds the payer's private key in hexadecimal; or `keyEnv`. */
      keyFile: text('a path').optional(),
      /** The environment variable that holds it. */
      keyEnv: text('the name of an environment variable', 128).optional(),
    }),
  ]),
]);

export const outputSpecSchema = z.strictObject({
  /** Each run makes a directory of its own in it; relative to the job file. */
  directory: text('a path').default('runs'),
  /** TensorBoard event files beside `metrics.jsonl`. */
  tensorboard: flag.default(true),
});

export type WorkersSpec = z.infer<typeof workersSpecSchema>;
export type NetworkSpec = z.infer<typeof networkSpecSchema>;
export type AuditSpec = z.infer<typeof auditSpecSchema>;
export type PaymentSpec = z.infer<typeof paymentSpecSchema>;
export type OutputSpec = z.infer<typeof outputSpecSchema>;
