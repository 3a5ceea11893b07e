/** A member's name: the end of its peer id, with a small picture of it, since people don't compare letters well. */
import { shortPeer } from '@murmuration/protocol/dashboard';
import { hrefOfMember } from '../route.ts';

/** FNV-1a over the id's characters. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return hash >>> 0;
}

const SIZE = 5;

/** Squares of a 5 × 5 grid, its right half the mirror of its left one. */
function squaresOf(hash: number): string {
  let path = '';
  for (let place = 0; place < SIZE * 3; place++) {
    if (((hash >>> place) & 1) === 0) continue;
    const row = Math.floor(place / 3);
    const column = place % 3;
    path += `M${column} ${row}h1v1h-1z`;
    if (column < 2) path += `M${SIZE - 1 - column} ${row}h1v1h-1z`;
  }
  return path;
}

const TINTS = 6;

/** Decoration: the same for the same peer, in every table and picture. */
export function PeerMark({ peerId }: { readonly peerId: string }) {
  const hash = hashOf(peerId);
  return (
    <svg class={`peer-mark tint-${(hash >>> 20) % TINTS}`} viewBox={`-1 -1 ${SIZE + 2} ${SIZE + 2}`} aria-hidden="true">
      <path d={squaresOf(hash)} />
    </svg>
  );
}

/** Leads to the member's page. */
export const PeerLink = ({ peerId }: { readonly peerId: string }) => (
  <a class="peer" href={hrefOfMember(peerId)} title={peerId}>
    <PeerMark peerId={peerId} />
    <span class="mono">{shortPeer(peerId)}</span>
  </a>
);
