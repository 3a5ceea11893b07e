/** The coordinator's own figures for Prometheus: its process and its libp2p node. */
import { prometheusMetrics } from '@libp2p/prometheus-metrics';
import type { NodeOptions } from '@murmuration/protocol/net';
import { collectDefaultMetrics, Registry } from 'prom-client';

export interface OwnMetrics {
  /** What the node reports to. */
  readonly libp2p: NonNullable<NodeOptions['metrics']>;
  /** Prometheus' text format. */
  readonly text: () => Promise<string>;
}

export function ownMetrics(): OwnMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // The process' figures are here already, and none of them is to be cleared.
  const libp2p = prometheusMetrics({ registry, collectDefaultMetrics: false, preserveExistingMetrics: true });
  return { libp2p, text: () => registry.metrics() };
}
