/** A link for a phone's camera. */
import { renderUnicodeCompact } from 'uqr';

/** Lines of a QR code in half blocks, dark modules on light ones as cameras want it, whatever the terminal's colours. */
export const qrLines = (link: string): string[] =>
  renderUnicodeCompact(link, { border: 2, ecc: 'L' })
    .split('\n')
    .map((line) => `\u001B[97;40m${line}\u001B[0m`);
