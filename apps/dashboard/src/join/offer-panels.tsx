/** What will run here, what it takes and what it brings: all that a person needs to decide. */
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { Panel } from './controls.tsx';
import { earnsOf, usesOf } from './words.ts';

export function WhatRuns({ offer }: { offer: JoinOffer }) {
  return (
    <Panel id="what-runs" title="What runs here">
      <p>
        A neural network is trained: <strong>{offer.model}</strong>.
      </p>
      <p>
        You get no program from anyone. The run sends a list of mathematical operations and numbers; this page writes
        the code for your GPU from that list, on your machine (WGSL), and the browser runs it in its sandbox. Nothing is
        installed, no file of yours is read, and closing the tab ends it.
      </p>
      {offer.numerics === 'exact' && (
        <p>
          This run computes in exact numerics: every machine gets the same bits, so checking your work is a comparison.
        </p>
      )}
    </Panel>
  );
}

export function WhatItUses({ offer, share }: { offer: JoinOffer; share: number }) {
  return (
    <Panel id="what-it-uses" title="What it uses">
      <dl class="join-facts">
        {usesOf(offer, share).map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

export function WhatItEarns({ offer }: { offer: JoinOffer }) {
  return (
    <Panel id="what-it-earns" title="What it earns">
      {earnsOf(offer).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </Panel>
  );
}
