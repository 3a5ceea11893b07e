/** `@murmuration/protocol/net-browser`: the network shell that both sides of a run share, with the nodes of pages. */
export * from './core.ts';
export { createNode, type PageNodeOptions } from './node-browser.ts';
