/** Numbers for people. */
import { weiToTokens } from '../job/tokens.ts';

/** Four significant digits: `0.02314`, `1,234`, `1.2e-7`. */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e9)) return value.toExponential(2);
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(4)));
}

export const percent = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(2)} %`);

/** `95` → `1m 35s`. */
export function seconds(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value < 10) return `${value.toFixed(1)}s`;
  const whole = Math.round(value);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return hours > 0 ? `${hours}h ${minutes}m` : minutes > 0 ? `${minutes}m ${rest}s` : `${rest}s`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
export function byteSize(value: number): string {
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${power === 0 ? scaled : scaled.toPrecision(3)} ${units[power]}`;
}

const scales = ['', 'K', 'M', 'G', 'T', 'P'];
/** `1.5e9` → `1.5 G`, for FLOPs. */
export function scaled(value: number): string {
  const power = value < 1 ? 0 : Math.min(scales.length - 1, Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1000 ** power).toPrecision(3))} ${scales[power]}`.trim();
}

/** An amount of the payment token. */
export const tokens = (wei: bigint | string): string => weiToTokens(BigInt(wei));

/** The last characters of a peer id, which is where they differ. */
export const shortPeer = (peerId: string): string => `…${peerId.slice(-8)}`;
export const shortHash = (hash: string): string => `${hash.slice(0, 10)}…`;
export const dateTime = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);
