/** Where pay goes: an address that was typed or taken from a wallet; nothing: the account of the key itself. */
import { computed, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import type { Address } from '@murmuration/protocol';
import { isAccount, parseAccount } from '@murmuration/protocol/account';
import { done } from './said.ts';
import type { Said } from './said.ts';
import { askAccount } from './wallets.ts';
import type { Wallet } from './wallets.ts';

/** Either an address (null: the key's own) or what is wrong with what was typed. */
export type Payout =
  | { readonly address: Address | null; readonly problem: null }
  | { readonly address: null; readonly problem: string };

/** Reads what was typed; an empty field is a choice too. */
export function payoutOf(typed: string): Payout {
  if (typed.trim() === '') return { address: null, problem: null };
  const parsed = parseAccount(typed);
  return isAccount(parsed) ? { address: parsed, problem: null } : { address: null, problem: parsed.reason };
}

export class PayoutModel {
  readonly wallets = signal<readonly Wallet[]>([]);
  readonly said = signal<Said | null>(null);
  readonly payout: ReadonlySignal<Payout>;
  readonly #choose: (typed: string) => void;

  constructor(typed: ReadonlySignal<string>, choose: (typed: string) => void) {
    this.payout = computed(() => payoutOf(typed.value));
    this.#choose = choose;
  }

  type(text: string): void {
    this.said.value = null;
    this.#choose(text);
  }

  /** Asks a wallet for its address and takes it. */
  async useWallet(wallet: Wallet): Promise<void> {
    this.said.value = null;
    const { account, reason } = await askAccount(wallet);
    if (account !== null) this.#choose(account);
    this.said.value =
      account === null ? { ok: false, text: reason } : done(`Pay goes to your account in ${wallet.name}.`);
  }
}
