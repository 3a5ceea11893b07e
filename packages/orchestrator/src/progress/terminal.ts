/** A run on a terminal: sentences scroll by, one line of figures stays at the bottom. Plain lines where there is no terminal. */
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import { figure, seconds, tokens } from '@murmuration/protocol/dashboard';
import type { RunFigures } from '@murmuration/protocol/dashboard';

/** `target`: the rounds that the job asks for. */
export interface LiveFigures extends Pick<
  RunFigures,
  'round' | 'trainLoss' | 'members' | 'samplesPerSecond' | 'secondsLeft' | 'spentWei'
> {
  readonly target: number;
}

export interface ProgressView {
  /** A sentence that stays. */
  say(sentence: string): void;
  /** The present figures; `at` in milliseconds. Views draw as often as suits them. */
  show(figures: LiveFigures, at: number): void;
  /** Leaves the last figures standing. */
  done(): void;
}

const BAR = 24;

/** The figures in one line, without colour. */
export function figuresLine({
  round,
  target,
  trainLoss,
  members,
  samplesPerSecond,
  secondsLeft,
  spentWei,
}: LiveFigures): string {
  return [
    `round ${figure(round)}/${figure(target)}`,
    `loss ${figure(trainLoss)}`,
    `${figure(samplesPerSecond === null ? null : Math.round(samplesPerSecond))} samples/s`,
    `${members} ${members === 1 ? 'member' : 'members'}`,
    ...(secondsLeft === null ? [] : [`${seconds(secondsLeft)} left`]),
    ...(spentWei !== '0' ? [`${tokens(spentWei)} spent`] : []),
  ].join(' · ');
}

function bar({ round, target }: LiveFigures): string {
  const filled = target === 0 ? 0 : Math.round((round / target) * BAR);
  return pc.cyan('━'.repeat(filled)) + pc.dim('━'.repeat(BAR - filled));
}

/** For a person in front of it: redrawn at most ten times a second. */
export function terminalView(stream: NodeJS.WriteStream): ProgressView {
  const update = createLogUpdate(stream, { showCursor: true });
  let drawnAt = 0;
  let last: LiveFigures | null = null;
  const draw = (): void => {
    if (last !== null) update(`${bar(last)} ${figuresLine(last)}`);
  };
  return {
    say: (sentence) => {
      update.clear();
      stream.write(`${sentence}\n`);
      draw();
    },
    show: (figures, at) => {
      last = figures;
      if (at - drawnAt < 100 && figures.round < figures.target) return;
      drawnAt = at;
      draw();
    },
    done: () => {
      draw();
      update.done();
    },
  };
}

/** For a log: a line of figures every few seconds. */
export function plainView(write: (line: string) => void, everyMs = 5000): ProgressView {
  let shownAt = 0;
  let shownRound = -1;
  return {
    say: write,
    show: (figures, at) => {
      const due = at - shownAt >= everyMs || figures.round === figures.target;
      if (!due || figures.round === shownRound || figures.round === 0) return;
      shownAt = at;
      shownRound = figures.round;
      write(figuresLine(figures));
    },
    done: () => undefined,
  };
}

/** Says nothing. */
export const silentView: ProgressView = { say: () => undefined, show: () => undefined, done: () => undefined };
