/** `@murmuration/contracts/signing`: what a worker says of itself and signs. Pure, and without the ABIs that `.` brings along. */
export * from './identity.ts';
export * from './sign/sign-attestation.ts';
export * from './sign/sign-possession.ts';
export type { SigningDomain } from './sign/typed-data.ts';
