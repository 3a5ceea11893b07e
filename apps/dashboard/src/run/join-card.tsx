/** The two ways to take part. */
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { useFetched } from '../design/fetched.ts';
import { Copy, Section, Skeleton, Trouble } from '../design/pieces.tsx';

function Ways({ offer }: { readonly offer: JoinOffer }) {
  const address = offer.addresses[0];
  const command = `npx orchestrate join ${address}`;
  return (
    <ol class="ways">
      <li>
        <h3>With this browser</h3>
        <p class="quiet">One button. Your GPU works in a tab for as long as you let it; nothing is installed.</p>
        <a class="button primary" href="/join">
          Join with a tab
        </a>
      </li>
      {address !== undefined && (
        <li>
          <h3>From a terminal</h3>
          <p class="quiet">For machines that stay: a Node process on any GPU or CPU.</p>
          <p class="command">
            <code tabIndex={0}>{command}</code>
            <Copy text={command} what="command" />
          </p>
        </li>
      )}
    </ol>
  );
}

export function JoinCard() {
  const { answer, error, again } = useFetched<JoinOffer>(apiPaths.join);
  return (
    <Section id="join" title="Take part">
      {error !== null && <Trouble what="The offer to join could not be fetched." error={error} retry={again} />}
      {answer === null && error === null && <Skeleton lines={4} label="The offer to join is being fetched" />}
      {answer?.open === false && <p class="empty">{answer.reason}</p>}
      {answer?.open === true && <Ways offer={answer} />}
    </Section>
  );
}
