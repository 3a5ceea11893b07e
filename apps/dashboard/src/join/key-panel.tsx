/** The key of this browser and its pay: who it is, how to keep it, how to bring another one. */
import { useRef, useState } from 'preact/hooks';
import { shortPeer } from '@murmuration/protocol/dashboard';
import { Outcome, Panel } from './controls.tsx';
import type { JoinModel } from './model.ts';
import { PayoutField } from './payout-field.tsx';

/** More than a backup has. */
const LONGEST_BACKUP = 4096;

export function KeyPanel({ model }: { model: JoinModel }) {
  const { key } = model.key;
  const paid = (model.offer.value?.payment ?? null) !== null;
  return (
    <Panel id="key" title={paid ? 'Your pay and your key' : 'Your key'}>
      {paid && <PayoutField model={model} />}
      <p>
        {key.value === null ? (
          'A key is made in this browser when you join. It is your name in the run, and it never leaves this browser unless you take its backup.'
        ) : (
          <>
            This browser’s key is <span class="mono">{shortPeer(key.value.peerId)}</span>, account{' '}
            <span class="mono join-long">{key.value.address}</span>. It never leaves this browser unless you take its
            backup.
          </>
        )}
      </p>
      {key.value !== null && !key.value.backedUp && paid && (
        <p class="join-note">It has no backup yet. Clearing this site’s data would lose it, and what it has earned.</p>
      )}
      <div class="join-row">
        <button type="button" class="button" onClick={() => void model.key.downloadBackup()}>
          Save a backup
        </button>
        <button type="button" class="button" onClick={() => void model.key.copyBackup()}>
          Copy the backup
        </button>
      </div>
      <Outcome said={model.key.said.value} />
      <Restore model={model} />
    </Panel>
  );
}

function Restore({ model }: { model: JoinModel }) {
  const [text, setText] = useState('');
  const details = useRef<HTMLDetailsElement>(null);
  const busy = model.busy.value;
  const restore = async (): Promise<void> => {
    await model.key.restore(text);
    if (model.key.said.value?.ok !== true) return;
    setText('');
    if (details.current !== null) details.current.open = false;
  };
  return (
    <details ref={details}>
      <summary>Bring a key from a backup</summary>
      <div class="join-field">
        <label for="restore">The backup’s text</label>
        <textarea
          id="restore"
          class="mono"
          rows={3}
          autocomplete="off"
          spellcheck={false}
          maxLength={LONGEST_BACKUP}
          value={text}
          disabled={busy}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <label class="join-file">
          or its file{' '}
          <input
            type="file"
            accept=".txt,text/plain"
            disabled={busy}
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              if (file !== undefined) void file.slice(0, LONGEST_BACKUP).text().then(setText);
            }}
          />
        </label>
        <p class="join-hint">
          {busy
            ? 'Leave the run first: a key cannot be changed while it works.'
            : 'It takes the place of the key that is here. Save that one first if it has earned anything.'}
        </p>
        <button type="button" class="button" disabled={busy || text.trim() === ''} onClick={() => void restore()}>
          Restore
        </button>
      </div>
    </details>
  );
}
