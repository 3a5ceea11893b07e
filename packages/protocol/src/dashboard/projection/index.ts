/** `@murmuration/protocol/projection`: the pure fold from a journal to what the pages show. */
export { roundLine, MAX_SHOWN } from './attempt.ts';
export * from './figures.ts';
export { RunFold } from './fold.ts';
export type { FoldState, RunTerms } from './fold-state.ts';
export { memberRow, verifiedOf, type MemberState } from './member.ts';
export type { MemberSource } from './member-cache.ts';
export { payStory, type PayStanding } from './pay-story.ts';
export * from './sentences.ts';
export * from './work.ts';
export type * from './writes.ts';
