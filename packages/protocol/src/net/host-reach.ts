/** How far away the host of an address is, from its text alone: nothing is resolved. */

/** `loopback`: this machine. `private`: the same network. `public`: anywhere. `none`: no host that anybody should dial. */
export type Reach = 'loopback' | 'private' | 'public' | 'none';

const order: readonly Reach[] = ['loopback', 'private', 'public'];

/** Whether a host this far away may be dialled when hosts from `nearest` on may. */
export const isWithin = (reach: Reach, nearest: Reach): boolean =>
  reach !== 'none' && order.indexOf(reach) >= order.indexOf(nearest);

/** The nearer of two. */
export const nearer = (a: Reach, b: Reach): Reach => (order.indexOf(a) <= order.indexOf(b) ? a : b);

/** Names that resolve inside of a network only. */
const localNames = /(?:^[^.]+|\.(?:local|lan|home|internal|intranet|home\.arpa))$/;

const wellFormed = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
/** What systems and browsers read as an IPv4 address in one of its spellings: `127.1`, `0x7f.1`, `2130706433`. */
const endsInNumber = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

/** Of a name alone. Whatever else may stand in a name's place would be read as another host, or as part of an address, by whoever dials it. */
export function reachOfName(name: string): Reach {
  const lower = name.toLowerCase().replace(/\.$/, '');
  if (!wellFormed.test(lower) || endsInNumber.test(lower)) return 'none';
  if (lower === 'localhost' || lower.endsWith('.localhost')) return 'loopback';
  return localNames.test(lower) ? 'private' : 'public';
}

/** First matching prefix decides; the last row is everything else. */
const ip4Rules: readonly (readonly [prefix: readonly number[], bits: number, reach: Reach])[] = [
  [[0], 8, 'none'],
  [[127], 8, 'loopback'],
  [[10], 8, 'private'],
  [[172, 16], 12, 'private'],
  [[192, 168], 16, 'private'],
  [[100, 64], 10, 'private'],
  // Link-local: where clouds answer with a machine's credentials.
  [[169, 254], 16, 'none'],
  // Multicast and reserved.
  [[224], 3, 'none'],
];

const numberOf = (parts: readonly number[]): number =>
  [0, 1, 2, 3].reduce((sum, place) => sum * 256 + (parts[place] ?? 0), 0);

export function reachOfIp4(text: string): Reach {
  const address = numberOf(text.split('.').map(Number));
  const rule = ip4Rules.find(([prefix, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(address / size) === Math.floor(numberOf(prefix) / size);
  });
  return rule?.[2] ?? 'public';
}

export function reachOfIp6(text: string): Reach {
  const lower = text.toLowerCase();
  if (lower === '::1') return 'loopback';
  const first = Number.parseInt(lower.split(':', 1)[0] || '0', 16);
  if ((first & 0xfe00) === 0xfc00) return 'private';
  // Global unicast is 2000::/3; what lies outside of it and is not private is link-local, multicast, mapped or reserved.
  return (first & 0xe000) === 0x2000 ? 'public' : 'none';
}
