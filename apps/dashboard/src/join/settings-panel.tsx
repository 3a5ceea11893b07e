/** How much of the machine the tab takes, and what it does when nobody looks. */
import { Segmented } from '../design/controls.tsx';
import { Panel } from './controls.tsx';
import { LEAST_SHARE } from '@murmuration/worker/browser';
import type { Background } from './choices.ts';
import type { JoinModel } from './model.ts';
import { hasWebGpu } from './page-state.ts';
import { hiddenTabs } from './words.ts';

export function SettingsPanel({ model }: { model: JoinModel }) {
  const { share } = model.choices.value;
  return (
    <Panel id="settings" title="How much, and when">
      <label class="join-field" for="share">
        <span>
          Share of computing time: <output for="share">{Math.round(share * 100)} %</output>
        </span>
        <input
          id="share"
          type="range"
          min={LEAST_SHARE * 100}
          max={100}
          step={5}
          value={share * 100}
          aria-valuetext={`${Math.round(share * 100)} percent`}
          onInput={({ currentTarget }) => model.choose({ share: Number(currentTarget.value) / 100 })}
        />
        <span class="join-hint">The tab rests in between. Take less if other windows stutter or the fan is loud.</span>
      </label>
      <Device model={model} />
      <fieldset class="join-field">
        <legend>When this tab is hidden</legend>
        <BackgroundChoice model={model} value="keep" label="keep going" />
        <BackgroundChoice model={model} value="visible" label="work only while it is visible" />
        <p class="join-hint">{hiddenTabs[model.choices.value.background]}</p>
      </fieldset>
      {model.screenLock.offered && (
        <label class="join-check">
          <input
            type="checkbox"
            checked={model.choices.value.screenOn}
            onChange={({ currentTarget }) => model.choose({ screenOn: currentTarget.checked })}
          />
          keep the screen on while this tab works and is visible
        </label>
      )}
    </Panel>
  );
}

const devices = { auto: 'whichever is faster', webgpu: 'the GPU', exact: 'the CPU' } as const;

/** What computes, where there is a choice. */
function Device({ model }: { model: JoinModel }) {
  const examination = model.examination.value;
  if (examination === null || !hasWebGpu(examination)) return null;
  return (
    <div class="join-field">
      <Segmented
        label="Compute with"
        choices={devices}
        value={model.choices.value.backend}
        onChange={(backend) => model.choose({ backend })}
      />
      {model.busy.value && <p class="join-hint">A change counts from the next time that you join.</p>}
    </div>
  );
}

function BackgroundChoice({ model, value, label }: { model: JoinModel; value: Background; label: string }) {
  return (
    <label class="join-check">
      <input
        type="radio"
        name="background"
        value={value}
        checked={model.choices.value.background === value}
        onChange={() => model.choose({ background: value })}
      />
      {label}
    </label>
  );
}
