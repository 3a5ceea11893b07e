/**
 * Operands that a kernel reads as a texture instead of a buffer. On lavapipe a load of four floats from a buffer is a branch
 * and a bounds check for every lane and float, some 280 instructions for eight lanes; from a texture without mipmaps it
 * is one short function of 50. The copy into the texture, right before the launch, is a memcpy.
 *
 * Rows lie in strips of a few hundred floats, one strip below the other: neighbouring rows stay near each other however
 * long they are, where rows a power of two apart would fall upon the same lines of the cache.
 */
import type { Device } from './device.ts';
import type { Plan } from './plan.ts';

/** An operand as it is stored: `columns` floats a row. */
export interface Rows {
  readonly rows: number;
  readonly columns: number;
}

/** Texels of four floats across and down, and the floats of one strip, a power of two. */
export interface Strips {
  readonly width: number;
  readonly height: number;
  readonly strip: number;
}

/** Texels of a two-dimensional texture that every device allows each way. */
const MOST_TEXELS = 8192;
const NARROWEST_STRIP = 128;
/** A row of a copy begins at a multiple of 256 bytes. */
const COPIED_FLOATS = 64;
const TEXEL_BYTES = 16;

/** How an operand lies in a texture; null where it cannot. */
export function stripsOf({ rows, columns }: Rows): Strips | null {
  if (columns % COPIED_FLOATS !== 0) return null;
  for (let strip = NARROWEST_STRIP; strip <= MOST_TEXELS * 4; strip *= 2) {
    const height = Math.ceil(columns / strip) * rows;
    if (height <= MOST_TEXELS) return { width: strip / 4, height, strip };
  }
  return null;
}

/** The least texture, in texels, that holds each operand of that place in turn. */
interface Extent {
  readonly width: number;
  readonly height: number;
}

function extentsOf(plans: readonly Plan[]): readonly Extent[] {
  const extents: Extent[] = [];
  for (const { strips = [] } of plans.flatMap(({ calls }) => calls)) {
    strips.forEach((rows, place) => {
      const needed = stripsOf(rows);
      const { width = 0, height = 0 } = extents[place] ?? {};
      if (needed) extents[place] = { width: Math.max(width, needed.width), height: Math.max(height, needed.height) };
    });
  }
  return extents;
}

/** Bytes of the textures that {@link openStrips} makes. */
export const stripsBytes = (plans: readonly Plan[]): number =>
  extentsOf(plans).reduce((total, { width, height }) => total + width * height * TEXEL_BYTES, 0);

/** The textures that the launches of some plans share, one for each operand that a launch reads so. */
export interface StripTextures {
  view(place: number): GPUTextureView;
  /** Copies an operand; what was there before is gone. */
  fill(encoder: GPUCommandEncoder, place: number, from: GPUBufferBinding, rows: Rows): void;
  close(): void;
}

export function openStrips(device: Device, plans: readonly Plan[]): StripTextures {
  const usage = GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST;
  const textures = extentsOf(plans).map(({ width, height }, place) =>
    device.texture(`operand ${place} in strips`, { width, height, bytes: width * height * TEXEL_BYTES, usage }),
  );
  const views = textures.map((texture) => texture.createView());
  return {
    view: (place) => views[place]!,
    fill: (encoder, place, { buffer, offset = 0 }, { rows, columns }) => {
      const { strip } = stripsOf({ rows, columns })!;
      for (let from = 0; from < columns; from += strip) {
        const width = Math.min(strip, columns - from) / 4;
        encoder.copyBufferToTexture(
          { buffer, offset: offset + from * 4, bytesPerRow: columns * 4, rowsPerImage: rows },
          { texture: textures[place]!, origin: [0, (from / strip) * rows] },
          [width, rows],
        );
      }
    },
    close: () => textures.forEach((texture) => device.release(texture)),
  };
}
