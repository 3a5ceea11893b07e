/** Asks several members for parts of one thing: each is kept busy, and one that fails is asked less and then no more. */
import type { FetchRequest, MemberInfo } from '@murmuration/protocol';
import { fetchFrom, type FetchAnswer, type MurmurationNode } from '@murmuration/protocol/net-core';
import { UnavailableError } from './errors.ts';

/** Requests under way at one source. */
const REQUESTS_A_SOURCE = 4;
/** Failures after which a source is asked no more. */
const FAILURES_A_SOURCE = 3;

/** One part to be had. */
export interface Part {
  readonly request: FetchRequest;
  /** Takes the answer's body; false when it is not what was asked for. */
  accept(answer: FetchAnswer): boolean;
}

export interface SourcesOptions {
  readonly node: MurmurationNode;
  readonly sources: readonly MemberInfo[];
  /** The largest body to take. */
  readonly maxBody: number;
  readonly signal?: AbortSignal;
}

/**
 * Gets every part from some source.
 * @param what for the error's text
 * @throws UnavailableError when no source is left that serves
 */
export async function fetchParts(what: string, parts: readonly Part[], options: SourcesOptions): Promise<void> {
  const open = [...parts];
  const reasons: string[] = [];
  const sources = options.sources.map((member) => ({ member, failures: 0 }));
  const lanes = sources.flatMap((source) => Array.from({ length: REQUESTS_A_SOURCE }, () => source));
  let underWay = 0;
  const idle = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of idle) resolve();
    idle.clear();
  };
  await Promise.all(
    lanes.map(async (source) => {
      while (source.failures < FAILURES_A_SOURCE && (open.length > 0 || underWay > 0)) {
        const part = open.shift();
        // Another lane may still fail at its part and put it back.
        if (part === undefined) {
          await new Promise<void>((resolve) => idle.add(resolve));
          continue;
        }
        underWay += 1;
        const failure = await attempt(part, source.member, options);
        underWay -= 1;
        if (failure !== null) {
          open.push(part);
          source.failures += 1;
          reasons.push(failure);
        }
        wake();
      }
      wake();
    }),
  );
  if (open.length > 0)
    throw new UnavailableError({ what, missing: open.length, reason: reasons.at(-1) ?? 'nobody to ask' });
}

/** Null when the part is here, else why not. */
async function attempt(
  part: Part,
  member: MemberInfo,
  { node, maxBody, signal }: SourcesOptions,
): Promise<string | null> {
  try {
    const answer = await fetchFrom(node, member, part.request, {
      maxBody,
      ...(signal === undefined ? {} : { signal }),
    });
    if (answer.response.type === 'missing') return `${member.peerId}: ${answer.response.reason}`;
    return part.accept(answer) ? null : `${member.peerId} sent something else than was asked for`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
