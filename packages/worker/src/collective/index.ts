/** `@murmuration/worker/collective`: a member's part of the all-reduce, for whoever drives it without a coordinator. */
export { BucketCut } from './bucket-cut.ts';
export { Collective, type CollectiveParts } from './collective.ts';
export { Inbound, type InboundParts } from './inbound.ts';
export { commitTo, OwnContributions, type OwnContribution } from './own-contributions.ts';
export { ReceivedContributions } from './received-contributions.ts';
export { ReducedBuckets, type ReducedBucket } from './reduced-buckets.ts';
export { floatsOf, type Summation, summationOf } from './summation.ts';
export { noFaults } from '../shell/faults.ts';
