/** `@murmuration/protocol/dashboard`: a run as people look at it, projected from its journal. Runs anywhere. */
export * from './api.ts';
export * from './format.ts';
export { PROTOCOL_VERSION } from '../wire/names.ts';
export { speaksOurVersion } from '../wire/version.ts';
