/** Amounts of the payment token: decimal texts for people, whole smallest units for everything else. */

/** Decimals of the payment token. */
export const TOKEN_DECIMALS = 18;

/** The smallest units in a decimal amount of tokens: `'0.25'` → `'250000000000000000'`. */
export function tokensToWei(amount: string): string {
  const [units = '0', decimals = ''] = amount.split('.');
  return BigInt(units + decimals.padEnd(TOKEN_DECIMALS, '0')).toString();
}

/** The inverse of {@link tokensToWei}: `250000000000000000n` → `'0.25'`. */
export function weiToTokens(wei: bigint): string {
  const digits = wei.toString().padStart(TOKEN_DECIMALS + 1, '0');
  const decimals = digits.slice(-TOKEN_DECIMALS).replace(/0+$/, '');
  return digits.slice(0, -TOKEN_DECIMALS) + (decimals === '' ? '' : `.${decimals}`);
}
