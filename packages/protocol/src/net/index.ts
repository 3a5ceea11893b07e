/** `@murmuration/protocol/net`: the network shell that both sides of a run share, with what Node alone has: its nodes, and keys in files. */
export * from './core.ts';
export { BadKeyFileError } from './errors.ts';
export { loadOrCreateKey } from './key-file.ts';
export { Door } from './door.ts';
export { createNode, type ListeningNode, type NodeOptions } from './node.ts';
export { RelayRoster } from './relay-roster.ts';
