/** Votes of members. */
import type { MemberRecord } from './state.ts';

/** The value that most members give; among equals that of the eldest member. */
export function majority<T>(
  votes: readonly { readonly member: Pick<MemberRecord, 'seniority'>; readonly value: T }[],
  keyOf: (value: T) => string,
): T {
  const tally = new Map<string, number>();
  for (const { value } of votes) tally.set(keyOf(value), (tally.get(keyOf(value)) ?? 0) + 1);
  const [first] = votes.toSorted(
    (a, b) => tally.get(keyOf(b.value))! - tally.get(keyOf(a.value))! || a.member.seniority - b.member.seniority,
  );
  return first!.value;
}
