/** The embedded devnet. Node only. */
export { startDevnet, advanceTime, type Devnet, type DevnetOptions } from './start-devnet.ts';
export { anvilBinary } from './anvil-binary.ts';
export * from './errors.ts';
