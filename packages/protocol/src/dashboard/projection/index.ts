/** `@murmuration/protocol/projection`: the pure fold from a journal to what the pages show. */
export { roundLine, MAX_SHOWN } from './attempt.ts';
export * from './figures.ts';
export * from './fold.ts';
export { memberRow, verifiedOf, type MemberState } from './member.ts';
export { payStory, type PayStanding } from './pay-story.ts';
export * from './sentences.ts';
export * from './work.ts';
export type * from './writes.ts';
