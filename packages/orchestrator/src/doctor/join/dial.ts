/** The coordinator itself, dialled as a worker dials it, up to its terms. No hello is said: nobody joins, no token is spent. */
import { milliseconds, PROTOCOL_VERSION, speaksOurVersion } from '@murmuration/protocol';
import type { Terms } from '@murmuration/protocol';
import { resolvedJobSchema } from '@murmuration/protocol/job';
import { createNode, dialControl, newKey, parsePeerAddress } from '@murmuration/protocol/net';
import { bad, causeText, good } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { PATIENCE_MS } from './probes.ts';

/** What a failed dial means, by our own codes. */
const mends: Readonly<Record<string, string>> = {
  DIAL_FAILED:
    'Something answers there that is not this coordinator: compare the end of the address (/p2p/…) with what the run prints, it changes with every run.',
  PROTOCOL_MISMATCH: 'Install the same version of murmuration on both sides.',
  STREAM_CLOSED: 'The coordinator has closed the connection: it may be full, or about to end. Try again in a minute.',
};

async function termsOf(address: string): Promise<Terms> {
  const { peerId } = parsePeerAddress(address);
  const coordinator = { peerId, addresses: [address] };
  const node = await createNode({
    privateKey: await newKey(),
    listen: [],
    coordinator,
    failureTimeout: milliseconds(PATIENCE_MS),
  });
  try {
    const listener = { onMessage: () => undefined, onClose: () => undefined };
    const { control, terms } = await dialControl(node, coordinator, listener);
    await control.close();
    return terms;
  } finally {
    await node.stop();
  }
}

/** @param address ends in the coordinator's peer id */
export async function probeCoordinator(address: string): Promise<Finding[]> {
  try {
    const { runId, protocolVersion, job } = await termsOf(address);
    const reached = good('coordinator', `it answers as itself, for ${runId}`);
    if (!speaksOurVersion(protocolVersion))
      return [
        reached,
        bad(
          'terms',
          `it speaks protocol ${protocolVersion}, this program ${PROTOCOL_VERSION}`,
          'Install the same version of murmuration on both sides.',
        ),
      ];
    const read = resolvedJobSchema.safeParse(job);
    const [issue] = read.error?.issues ?? [];
    return [
      reached,
      read.success
        ? good('terms', `${read.data.name}: this program understands the job`)
        : bad(
            'terms',
            `this program does not understand the job at ${issue?.path.join('.') ?? 'its top'}`,
            'Install the version of murmuration that the run uses.',
          ),
    ];
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    return [
      bad('coordinator', causeText(error), mends[code] ?? 'Ask the owner of the run for `orchestrate doctor RUN`.'),
    ];
  }
}
