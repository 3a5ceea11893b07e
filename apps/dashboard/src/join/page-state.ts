/** What the page shows, decided from what is known: one state at a time, each with words for it. */
import { speaksOurVersion } from '@murmuration/protocol/dashboard';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { capital } from '../design/format.ts';
import type { PageExamination, TabBackend, TabEnd, TabStatus } from '@murmuration/worker/browser';

/** A state in which this tab cannot work: what is the matter, and what a person can do about it. */
export interface Stop {
  readonly code: string;
  readonly title: string;
  readonly text: string;
  /** What the page's own button does: load it anew, ask the server again, or nothing. */
  readonly action: 'reload' | 'ask again' | null;
}

/** A button that joins. */
export interface JoinWay {
  readonly backend: TabBackend;
  readonly label: string;
  /** What will compute, in a sentence. */
  readonly note: string;
}

export type PageState =
  | { readonly kind: 'looking' }
  | { readonly kind: 'stopped'; readonly stop: Stop }
  | { readonly kind: 'token'; readonly reason: string }
  | { readonly kind: 'ready'; readonly ways: readonly JoinWay[]; readonly returning: boolean }
  | { readonly kind: 'working'; readonly status: TabStatus }
  | { readonly kind: 'over'; readonly end: TabEnd; readonly title: string; readonly again: boolean };

/** Why nothing is known about the run. */
export interface LookProblem {
  readonly code: string;
  readonly message: string;
  /** It may be over in a moment, and the page asks again by itself. */
  readonly passing: boolean;
}

/** All that the decision is made from. */
export interface Known {
  readonly offer: JoinOffer | null;
  /** Why there is no offer; null while it is still asked for. */
  readonly offerProblem: LookProblem | null;
  readonly examination: PageExamination | null;
  readonly token: string | null;
  /** Why the coordinator did not take the token. */
  readonly tokenProblem: string | null;
  readonly status: TabStatus | null;
  /** What a person wants to compute with. */
  readonly backend: TabBackend;
  /** This browser worked for this run when it was last seen. */
  readonly wasHere: boolean;
}

const stop = (code: string, title: string, text: string, action: Stop['action'] = null): Stop => ({
  code,
  title,
  text,
  action,
});

const otherVersion = (theirs: string): Stop =>
  stop(
    'PROTOCOL_VERSION',
    'This page and the run speak different versions',
    `The run speaks protocol ${theirs}, and this page another. Load the page again to get the one that fits; if that does not help, whoever runs it must build the pages anew.`,
    'reload',
  );

const elsewhere = stop(
  'KEY_IN_USE',
  'Another tab of this browser is already at work',
  'Both would use the same key and the same GPU, and the run would take them for one worker. Go on in that tab, or close it and ask again here.',
  'ask again',
);

interface Obstacle {
  readonly when: (page: PageExamination, offer: JoinOffer) => boolean;
  readonly stop: (page: PageExamination, offer: JoinOffer) => Stop;
}

/** What a page lacks that it cannot work without, as the worker names it. */
const stopTitles: Readonly<Record<string, string>> = {
  NO_WASM: 'This browser cannot compute for a run',
  NO_STORAGE: 'This browser keeps nothing for this page',
};

/** What can be in the way of a tab, the most basic first. */
const obstacles: readonly Obstacle[] = [
  {
    when: ({ advice }) => advice.some(({ severity }) => severity === 'stop'),
    stop: ({ advice }) => {
      const [{ code, text } = { code: '', text: '' }] = advice.filter(({ severity }) => severity === 'stop');
      return stop(code, stopTitles[code] ?? 'This browser cannot take part', text, 'reload');
    },
  },
  {
    when: (_page, { open }) => !open,
    stop: (_page, { reason }) =>
      stop('RUN_CLOSED', 'This run takes nobody in', `${reason} You can still look at what it did.`, 'ask again'),
  },
  {
    when: (_page, { protocolVersion }) => !speaksOurVersion(protocolVersion),
    stop: (_page, { protocolVersion }) => otherVersion(protocolVersion),
  },
  {
    when: (_page, { addresses, sameOrigin }) => addresses.length === 0 && !sameOrigin,
    stop: () =>
      stop(
        'NO_ADDRESS',
        'This run cannot be reached from a browser',
        'Its coordinator offers no WebSocket address. Ask whoever runs it to start it with --http, or join from a terminal with orchestrate join.',
        'ask again',
      ),
  },
];

/** Decides what to show. */
export function pageState(known: Known): PageState {
  const { offer, offerProblem, examination, status } = known;
  if (status !== null) return status.end === null ? { kind: 'working', status } : afterEnd(status.end, known);
  if (offerProblem !== null)
    return {
      kind: 'stopped',
      stop: stop(
        offerProblem.code,
        offerProblem.passing ? 'Waiting for the run' : 'The run does not answer',
        offerProblem.message,
        'ask again',
      ),
    };
  if (offer === null || examination === null) return { kind: 'looking' };
  const obstacle = obstacles.find(({ when }) => when(examination, offer));
  if (obstacle !== undefined) return { kind: 'stopped', stop: obstacle.stop(examination, offer) };
  return beforeStart(offer, examination, known);
}

function beforeStart(offer: JoinOffer, examination: PageExamination, known: Known): PageState {
  if (known.tokenProblem !== null) return { kind: 'token', reason: known.tokenProblem };
  if (offer.tokenRequired && known.token === null)
    return {
      kind: 'token',
      reason: 'This run takes in only those who were invited. Paste the token, or the whole link, that you were sent.',
    };
  return { kind: 'ready', ways: waysToJoin(examination, known), returning: known.wasHere };
}

/** Whether there is anything to choose: a GPU, or what plays one, beside the CPU. */
export const hasWebGpu = ({ webgpu: { state } }: PageExamination): boolean => state === 'gpu' || state === 'software';

/** With WebGPU one button; without it the CPU is a choice like any other. */
function waysToJoin(
  examination: PageExamination,
  { wasHere, backend: chosen }: Pick<Known, 'wasHere' | 'backend'>,
): readonly JoinWay[] {
  const { webgpu, backend, isolated, threads } = examination;
  const verb = wasHere ? 'Go on' : 'Join';
  const cpu = isolated && threads > 1 ? `${threads} threads of your processor` : 'one thread of your processor';
  if (chosen === 'exact' || !hasWebGpu(examination))
    return [
      {
        backend: 'exact',
        label: `${verb} with this tab’s CPU`,
        note: `${capital(cpu)} will compute in WebAssembly. It is slower than a GPU and counts just the same.`,
      },
    ];
  const adapter = webgpu.adapter ?? 'your GPU';
  const note =
    chosen === 'auto' && backend === 'measure'
      ? `Only a processor that plays a GPU was found (${adapter}), so the tab measures both ways and takes the faster one.`
      : `${capital(adapter)} will compute.`;
  return [{ backend: chosen, label: `${verb} with this tab`, note }];
}

const endTitles: Readonly<Record<TabEnd['outcome'], string>> = {
  finished: 'The run is finished',
  interrupted: 'You left the run',
  expelled: 'The run put this tab out',
  refused: 'The run did not take this tab in',
  failed: 'This tab had to stop',
};

/** Codes of refusals that another token would mend. */
const tokenCodes = /TOKEN/;

function afterEnd(end: TabEnd, { offer, token }: Known): PageState {
  if (end.outcome === 'refused' && tokenCodes.test(end.code))
    return {
      kind: 'token',
      reason: `${token === null ? 'The run asks for a token' : 'The run did not take the token'}: ${end.reason}`,
    };
  if (end.code === 'KEY_IN_USE') return { kind: 'stopped', stop: elsewhere };
  if (end.code === 'PROTOCOL_VERSION')
    return { kind: 'stopped', stop: otherVersion(offer?.protocolVersion ?? 'of another version') };
  const again = ['interrupted', 'failed'].includes(end.outcome) || end.code === 'RUN_FULL';
  return { kind: 'over', end, title: endTitles[end.outcome], again };
}
