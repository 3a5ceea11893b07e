/** Tiles for tests: some of each family that the adapter can run, none of them the device's own choice. */
import type { MatmulTile } from '../kernels/matmul.ts';
import type { DeviceTraits } from '../lowering.ts';

const TILED = [
  { across: 8, down: 8, laneRows: 2, depth: 16 },
  { across: 4, down: 8, laneRows: 2, depth: 32 },
  { across: 16, down: 4, laneRows: 8, depth: 8 },
] as const;

export function tilesFor({ subgroups, subgroupSize: lanes }: DeviceTraits): Record<'tiled' | 'subgroup', MatmulTile[]> {
  return {
    tiled: TILED.map((tile) => ({ family: 'tiled', ...tile })),
    subgroup: subgroups
      ? [1, 2, 4].map((times) => ({ family: 'subgroup', lanes, rows: lanes * times, strips: times === 2 }))
      : [],
  };
}

/** Three tiles, of both families where the adapter has both. */
export function threeTiles(traits: DeviceTraits): readonly MatmulTile[] {
  const { tiled, subgroup } = tilesFor(traits);
  return [...subgroup.slice(0, 2), ...tiled].slice(0, 3);
}
