/** Schemas of the field types that messages and journal events share. Everything read from a peer passes through them. */
import { z } from 'zod';
import type { Address, Bucket, Hash, Hex, MicroBatch, PeerId, Round, RunId, View } from '../core/ids.ts';

const natural = z.number().int().nonnegative();

export const runIdSchema = z.string().regex(/^[0-9a-z-]{8,64}$/) as unknown as z.ZodType<RunId, RunId>;
export const peerIdSchema = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{40,64}$/) as unknown as z.ZodType<PeerId, PeerId>;
export const addressSchema = z.string().regex(/^0x[0-9a-fA-F]{40}$/) as unknown as z.ZodType<Address, Address>;
export const hashSchema = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hash, Hash>;
export const hexSchema = z
  .string()
  .regex(/^0x([0-9a-f]{2})*$/)
  .max(4096) as unknown as z.ZodType<Hex, Hex>;
export const roundSchema = natural as unknown as z.ZodType<Round, Round>;
export const viewSchema = natural as unknown as z.ZodType<View, View>;
export const microBatchSchema = natural as unknown as z.ZodType<MicroBatch, MicroBatch>;
export const bucketSchema = natural as unknown as z.ZodType<Bucket, Bucket>;
/** A decimal integer of a token's smallest unit; a bigint has no JSON form. */
export const weiTextSchema = z.string().regex(/^\d{1,78}$/);
/** A finite float: a NaN from a peer is refused, not averaged. */
export const finite = z.number().finite();
export const count = natural;
export const shortText = z.string().max(256);
export const longText = z.string().max(4096);
export const multiaddrs = z.array(z.string().max(512)).max(32);
