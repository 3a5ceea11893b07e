/** What the page says about an offer, in plain words and with its figures. Pure. */
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import type { TabPhase } from '@murmuration/worker/browser';
import { bytes, count, tokens } from '../design/format.ts';

const F32_BYTES = 4;
/** Sums that do not depend on their order travel as 64-bit fixed point. */
const FIXED_BYTES = 8;

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** What joining costs the machine. */
export function usesOf(offer: JoinOffer, share: number): readonly Fact[] {
  const gradient = offer.parameters * (offer.numerics === 'exact' ? FIXED_BYTES : F32_BYTES);
  const memory = offer.dataBytes + offer.stateBytes + gradient;
  return [
    { name: 'Computing', value: `${Math.round(share * 100)} % of the time of your GPU or processor; you set it below` },
    { name: 'Memory', value: `about ${bytes(memory)} for data and model, and more while it computes` },
    {
      name: 'Download',
      value: `${bytes(offer.dataBytes + offer.stateBytes)} once; what is here already is not fetched again`,
    },
    {
      name: 'Each round',
      value: `about ${bytes(gradient)} up and as much down; nearly twice that where this tab adds up parts for all`,
    },
    { name: 'Disk', value: `up to ${bytes(offer.dataBytes)} of this site’s storage in the browser, and your key` },
  ];
}

/** What the work brings, each a sentence. */
export function earnsOf({ payment, microBatch }: JoinOffer): readonly string[] {
  if (payment === null)
    return [
      'Nothing. This run says payment: none. It is for people who lend a hand, or who train on machines of their own.',
    ];
  const amount = (wei: string): string => `${tokens(wei, payment.decimals)} ${payment.symbol}`;
  return [
    `${amount(payment.priceWei)} for each micro-batch (${count(microBatch)} samples) that counts and passes its checks.`,
    'Other members re-compute a random part of everybody’s work. What is found wrong is not paid.',
    `The pay lies ready: ${amount(payment.depositWei)} are deposited in a contract, which pays by itself, in stages. You need no funds, no stake and no account to begin.`,
  ];
}

export const phaseNames: Readonly<Record<TabPhase, string>> = {
  starting: 'Starting',
  connecting: 'Connecting',
  preparing: 'Preparing',
  synchronising: 'Catching up',
  training: 'Training',
  reconnecting: 'Connecting again',
  paused: 'Paused',
  ended: 'Ended',
};

/** What browsers do to a tab that nobody sees, said as it is. */
export const hiddenTabs = {
  keep: 'Desktop browsers let a hidden tab compute, though slower: they ration its timers, and memory savers may put it to sleep. This page keeps its clock in a worker, which so far they leave alone. Phones stop a hidden tab within seconds. If yours is stopped, its micro-batches go to others and nothing is lost; it joins again when you look at it.',
  visible:
    'The tab leaves the run whenever it is hidden, the screen is locked, or another window covers it whole, and joins again when you come back. Its micro-batches go to others at once.',
} as const;
