/** Where pay goes. */
import type { JoinModel } from './model.ts';
import { Outcome } from './controls.tsx';

export function PayoutField({ model }: { model: JoinModel }) {
  const { problem } = model.payout.payout.value;
  const busy = model.busy.value;
  return (
    <div class="join-field">
      <label for="payout">Pay goes to this address (optional)</label>
      <input
        id="payout"
        class="mono"
        type="text"
        inputMode="text"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="0x…"
        maxLength={120}
        value={model.choices.value.payout}
        disabled={busy}
        aria-invalid={problem !== null}
        aria-describedby="payout-problem payout-hint"
        onInput={({ currentTarget }) => model.payout.type(currentTarget.value)}
      />
      <p id="payout-problem" class="join-bad" role="status">
        {problem ?? ''}
      </p>
      <Wallets model={model} />
      <p id="payout-hint" class="join-hint">
        {busy
          ? 'Leave the run to change it: the run was told this address when you joined.'
          : 'Empty: pay goes to the account of this browser’s own key, and then its backup is all that you have of it.'}
      </p>
      <Outcome said={model.payout.said.value} />
    </div>
  );
}

function Wallets({ model }: { model: JoinModel }) {
  const wallets = model.payout.wallets.value;
  if (wallets.length === 0) return null;
  return (
    <div class="join-row" role="group" aria-label="Take the address of a wallet">
      {wallets.map((wallet) => (
        <button
          key={wallet.id}
          type="button"
          class="button"
          disabled={model.busy.value}
          onClick={() => void model.payout.useWallet(wallet)}
        >
          {wallet.icon !== null && <img src={wallet.icon} alt="" width={18} height={18} />}
          Use {wallet.name}
        </button>
      ))}
    </div>
  );
}
