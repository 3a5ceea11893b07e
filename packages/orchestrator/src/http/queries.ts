/** The queries of the API: text from strangers, checked before anything looks at it. */
import { peerId } from '@murmuration/protocol';
import type { PeerId } from '@murmuration/protocol';
import { apiLimits } from '@murmuration/protocol/dashboard';
import type {
  CurveAxis,
  CurveName,
  CurveQuery,
  LogKind,
  LogQuery,
  MembersQuery,
  MemberSort,
  PageQuery,
} from '@murmuration/protocol/dashboard';
import { z } from 'zod';
import { badQuery, Refusal } from './refusal.ts';

const curves = [
  'trainLoss',
  'evalLoss',
  'evalAccuracy',
  'gradientNorm',
  'samplesPerSecond',
  'members',
] as const satisfies readonly CurveName[];
const axes = ['round', 'samples', 'time'] as const satisfies readonly CurveAxis[];
const sorts = [
  'status',
  'speed',
  'share',
  'verified',
  'earned',
  'lastSeen',
  'trust',
] as const satisfies readonly MemberSort[];
const kinds = [
  'run',
  'member',
  'round',
  'audit',
  'pay',
  'fault',
  'checkpoint',
  'evaluation',
] as const satisfies readonly LogKind[];

/** Decimal digits alone: no sign, no exponent, no room for surprises. */
const whole = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);
const flag = z.enum(['0', '1']).transform((value) => value === '1');
/** As many as are asked for, at least one, at most `most`. */
const upTo = (most: number) => whole.transform((value) => Math.max(1, Math.min(value, most)));
const peer = z.string().transform((text) => readPeerId(text));

const curveQuery = z.strictObject({
  curve: z.enum(curves),
  x: z.enum(axes).optional(),
  points: upTo(apiLimits.points).optional(),
  from: whole.optional(),
  to: whole.optional(),
});
const membersQuery = z.strictObject({
  sort: z.enum(sorts).optional(),
  descending: flag.optional(),
  offset: whole.optional(),
  limit: upTo(apiLimits.members).optional(),
  find: z.string().max(apiLimits.find).optional(),
});
const pageQuery = (most: number) => z.strictObject({ before: whole.optional(), limit: upTo(most).optional() });
const logQuery = pageQuery(apiLimits.log).extend({
  kind: z.enum(kinds).optional(),
  peer: peer.optional(),
  problems: flag.optional(),
});

type QueryText = Readonly<Record<string, string>>;

/** A reader of one query. What it throws is a refusal that names the parameter. */
const reader =
  <T>(schema: z.ZodType<T>) =>
  (query: QueryText): T => {
    const read = schema.safeParse({ ...query });
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw badQuery(`The query is wrong at ${issue?.path.join('.') || 'its names'}: ${issue?.message ?? ''}.`);
  };

export const readCurveQuery: (query: QueryText) => CurveQuery = reader(curveQuery);
export const readMembersQuery: (query: QueryText) => MembersQuery = reader(membersQuery);
export const readRoundsQuery: (query: QueryText) => PageQuery = reader(pageQuery(apiLimits.rounds));
export const readWorkQuery: (query: QueryText) => PageQuery = reader(pageQuery(apiLimits.work));
export const readLogQuery: (query: QueryText) => LogQuery = reader(logQuery);

/** A peer id in a path or a query: bounded, base58. @throws Refusal */
export function readPeerId(text: string): PeerId {
  if (!/^[1-9A-HJ-NP-Za-km-z]{20,128}$/.test(text)) throw new Refusal('noSuchMember');
  return peerId(text);
}
