/**
 * Wallets that extensions put into the page (EIP-6963). They are asked for one thing, an address, and only when a person
 * presses the wallet's button.
 */
import { isAccount, parseAccount } from '@murmuration/protocol/account';
import type { Address } from '@murmuration/protocol';

/** What a wallet can be asked (EIP-1193). */
export interface WalletProvider {
  request(call: { readonly method: string }): Promise<unknown>;
}

export interface Wallet {
  readonly id: string;
  readonly name: string;
  /** A `data:` picture, the only kind that the page may show; null without one. */
  readonly icon: string | null;
  readonly provider: WalletProvider;
}

export type AccountAnswer =
  | { readonly account: Address; readonly reason: null }
  | { readonly account: null; readonly reason: string };

/** More extensions than anybody has; a page script can announce without end. */
const MOST_WALLETS = 16;
const LONGEST_NAME = 60;
const LONGEST_ICON = 65_536;

/** Reads an announcement, which any script of any extension may have made; null when it is none. */
export function walletOf(detail: unknown): Wallet | null {
  const { info, provider } = (detail ?? {}) as { info?: Record<string, unknown>; provider?: Partial<WalletProvider> };
  const { uuid, name, icon } = info ?? {};
  if (typeof uuid !== 'string' || uuid === '' || typeof name !== 'string' || name.trim() === '') return null;
  if (typeof provider?.request !== 'function') return null;
  const shown = typeof icon === 'string' && icon.startsWith('data:image/') && icon.length <= LONGEST_ICON;
  return {
    id: uuid.slice(0, LONGEST_NAME),
    name: name.trim().slice(0, LONGEST_NAME),
    icon: shown ? icon : null,
    provider: provider as WalletProvider,
  };
}

/** Calls back with the wallets that are there whenever one more shows up; returns what ends that. */
export function watchWallets(target: EventTarget, changed: (wallets: readonly Wallet[]) => void): () => void {
  const found = new Map<string, Wallet>();
  const take = (event: Event): void => {
    const wallet = walletOf((event as CustomEvent<unknown>).detail);
    if (wallet === null || (found.size >= MOST_WALLETS && !found.has(wallet.id))) return;
    found.set(wallet.id, wallet);
    changed([...found.values()]);
  };
  target.addEventListener('eip6963:announceProvider', take);
  target.dispatchEvent(new Event('eip6963:requestProvider'));
  return () => target.removeEventListener('eip6963:announceProvider', take);
}

/** EIP-1193's code for a person who said no, and the one for a question that is already open. */
const REJECTED = 4001;
const PENDING = -32_002;

/** Asks a wallet for its address. Never throws: a refusal is an answer. */
export async function askAccount({ name, provider }: Wallet): Promise<AccountAnswer> {
  const answered = await provider.request({ method: 'eth_requestAccounts' }).then(
    (accounts) => ({ accounts, error: null }),
    (error: unknown) => ({ accounts: null, error }),
  );
  if (answered.accounts === null) return { account: null, reason: refusalText(name, answered.error) };
  const first: unknown = Array.isArray(answered.accounts) ? answered.accounts[0] : undefined;
  const account = parseAccount(typeof first === 'string' ? first : '');
  if (isAccount(account)) return { account, reason: null };
  return { account: null, reason: `${name} gave no address. Unlock it and choose an account, or paste the address.` };
}

function refusalText(name: string, error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === REJECTED) return `You declined in ${name}. Press its button again, or paste an address.`;
  if (code === PENDING) return `${name} is already asking you. Open it and answer there.`;
  const said = typeof message === 'string' && message !== '' ? `: ${message.slice(0, 200)}` : '';
  return `${name} did not answer${said}. Unlock it and try again, or paste an address.`;
}
