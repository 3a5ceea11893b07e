/** The epochs in which a member earned something, with their transactions. */
import type { MemberEpoch, RunHead } from '@murmuration/protocol/dashboard';
import { NOTHING, amount, count, shortHex } from '../design/format.ts';
import { Copy, Empty, Section } from '../design/pieces.tsx';

function Row({ epoch, payment }: { readonly epoch: MemberEpoch; readonly payment: NonNullable<RunHead['payment']> }) {
  const words = (wei: string | null): string => (wei === null ? NOTHING : amount(wei, payment.decimals));
  return (
    <tr>
      <th scope="row">{count(epoch.epoch)}</th>
      <td class="number wide">{count(epoch.round)}</td>
      <td class="number">{count(epoch.verified)}</td>
      <td class="number">{words(epoch.cumulativeWei)}</td>
      <td class="number">{words(epoch.paidWei)}</td>
      <td>
        {epoch.transaction === null ? (
          <span class="quiet">{epoch.deferred ?? 'not settled yet'}</span>
        ) : (
          <>
            <span class="mono" title={epoch.transaction}>
              {shortHex(epoch.transaction)}
            </span>
            <Copy text={epoch.transaction} what="transaction hash" />
          </>
        )}
      </td>
    </tr>
  );
}

export function Epochs({
  epochs,
  payment,
}: {
  readonly epochs: readonly MemberEpoch[];
  readonly payment: RunHead['payment'];
}) {
  if (payment === null) return null;
  return (
    <Section
      id="epochs"
      title="Epochs"
      note={`rounds that are settled together on chain; amounts in ${payment.symbol}`}
    >
      {epochs.length === 0 ? (
        <Empty>No epoch with work of this member has been closed yet.</Empty>
      ) : (
        <div class="table-frame" role="region" aria-label="Table of epochs" tabIndex={0}>
          <table class="table">
            <caption class="visually-hidden">Epochs, the newest first</caption>
            <thead>
              <tr>
                <th scope="col">Epoch</th>
                <th scope="col" class="number wide">
                  Up to round
                </th>
                <th scope="col" class="number">
                  Verified
                </th>
                <th scope="col" class="number">
                  Earned in all
                </th>
                <th scope="col" class="number">
                  Paid
                </th>
                <th scope="col">Transaction</th>
              </tr>
            </thead>
            <tbody>
              {epochs.map((epoch) => (
                <Row key={epoch.epoch} epoch={epoch} payment={payment} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}
