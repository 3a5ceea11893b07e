/**
 * Field types of `job.yaml`. Each says in words what it accepts, since the words are what the reader of an error sees:
 * `must('a positive integer')` becomes `training.rounds must be a positive integer`.
 */
import { z } from 'zod';
import { tokensToWei } from './tokens.ts';

/** Zod's error parameter for "must be …"; an absent value is worded by `issues.ts`. */
export const must = (what: string): { error: string } => ({ error: `must be ${what}` });

const whole = (what: string): z.ZodNumber => z.number(must(what)).int(must(what));

export const positiveInteger = whole('a positive integer').positive(must('a positive integer'));
export const naturalNumber = whole('an integer of at least 0').nonnegative(must('an integer of at least 0'));
/** 32 bits: what every seeded generator of the project takes. */
export const seedNumber = whole('an integer from 0 to 4294967295')
  .min(0, must('an integer from 0 to 4294967295'))
  .max(0xffff_ffff, must('an integer from 0 to 4294967295'));
export const positiveNumber = z.number(must('a positive number')).positive(must('a positive number'));
export const nonNegativeNumber = z.number(must('a number of at least 0')).nonnegative(must('a number of at least 0'));
export const fraction = z
  .number(must('a number from 0 to 1'))
  .min(0, must('a number from 0 to 1'))
  .max(1, must('a number from 0 to 1'));
/** Decay rates of moving averages: 1 would never forget. */
export const decayRate = z
  .number(must('a number from 0 up to, but not, 1'))
  .min(0, must('a number from 0 up to, but not, 1'))
  .lt(1, must('a number from 0 up to, but not, 1'));
export const flag = z.boolean(must('true or false'));
export const text = (what: string, limit = 4096): z.ZodString =>
  z.string(must(what)).min(1, must(what)).max(limit, must(what));

const durationText = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const durationWords = must('a duration such as 500ms, 10s, 5m or 1h');

/** Milliseconds of a text such as `10s`. */
export function parseDuration(value: string): number {
  const [, amount = '', unit = ''] = durationText.exec(value) ?? [];
  return Math.round(Number(amount) * (durationUnits[unit] ?? Number.NaN));
}

/** A duration with its unit, at least 1 ms and at most 30 days; milliseconds once parsed. */
export const duration = z
  .string(durationWords)
  .regex(durationText, durationWords)
  .refine((value) => parseDuration(value) >= 1 && parseDuration(value) <= 30 * 24 * 3_600_000, durationWords)
  .transform(parseDuration);

const amountText = /^\d{1,40}(?:\.\d{1,18})?$/;
const amountWords = must('an amount of tokens such as 12 or "0.25" (at most 18 decimals)');

/** An amount of tokens, number or text; a decimal text of smallest units once parsed. */
export const amount = z
  .union([z.number(amountWords), z.string(amountWords)], amountWords)
  .refine((value) => amountText.test(String(value)), amountWords)
  .transform((value) => tokensToWei(String(value)));

const sha256Words = must('64 lowercase hexadecimal digits, in quotes if all of them are figures');
export const sha256Text = z.string(sha256Words).regex(/^[0-9a-f]{64}$/, sha256Words);

const locationWords = must('a path, or npm:<package>/<path>, file:<path> or https://<address>');
/** Where a data file lies. A scheme that we don't know is refused here, not taken for a relative path. */
export const dataLocation = z
  .string(locationWords)
  .min(1, locationWords)
  .max(2048, locationWords)
  .refine((value) => /^(npm:|file:|https:\/\/)./.test(value) || !/^[a-z][a-z0-9+.-]+:/i.test(value), locationWords);

const multiaddrWords = must('a multiaddr such as /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/tcp/4002/ws');
const hostChecks: Readonly<Record<string, (host: string) => boolean>> = {
  ip4: (host) => z.ipv4().safeParse(host).success,
  ip6: (host) => z.ipv6().safeParse(host).success,
  dns: (host) => z.hostname().safeParse(host).success,
  dns4: (host) => z.hostname().safeParse(host).success,
  dns6: (host) => z.hostname().safeParse(host).success,
};

function isListenAddress(value: string): boolean {
  const [empty, family = '', host = '', transport, port = '', ...rest] = value.split('/');
  const portFits = /^\d{1,5}$/.test(port) && Number(port) <= 65_535;
  const tail = rest.join('/');
  return (
    empty === '' &&
    transport === 'tcp' &&
    portFits &&
    (hostChecks[family]?.(host) ?? false) &&
    ['', 'ws', 'tls/ws', 'wss'].includes(tail)
  );
}

export const listenAddress = z.string(multiaddrWords).max(512, multiaddrWords).refine(isListenAddress, multiaddrWords);
