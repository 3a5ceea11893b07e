/**
 * Operands that a kernel reads as a texture instead of a buffer. On lavapipe a load of four floats from a buffer is a branch
 * and a bounds check for every lane and float, some 280 instructions for eight lanes; from a texture without mipmaps it
 * is one short function of 50. The copy into the texture, right before the launch, is a memcpy.
 *
 * Rows lie in strips of a few hundred floats, one strip below the other: neighbouring rows stay near each other however
 * long they are, where rows a power of two apart would fall upon the same lines of the cache. Rows that a copy cannot cut so
 * lie one after the other instead, in texels from the left to the right and on in the next line.
 */
import type { Device } from './device.ts';
import type { Plan } from './plan.ts';

/** An operand as it is stored: `columns` floats a row. */
export interface Rows {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Texels of four floats across and down, the floats of one strip, a power of two, and where the float at (row, column) lies:
 * with at = row · pitch + column, in the strip at / strip; that is `below` texels down for each strip and `step` for each row.
 */
export interface Strips {
  readonly width: number;
  readonly height: number;
  readonly strip: number;
  readonly pitch: number;
  readonly below: number;
  readonly step: number;
}

/** Texels of a two-dimensional texture that every device allows each way. */
const MOST_TEXELS = 8192;
const NARROWEST_STRIP = 128;
/** A row of a copy begins at a multiple of 256 bytes. */
const COPIED_FLOATS = 64;
const TEXEL_BYTES = 16;

/** How an operand lies in a texture; null where it cannot. */
export function stripsOf({ rows, columns }: Rows): Strips | null {
  if (columns % 4 !== 0) return null;
  const cut = columns % COPIED_FLOATS === 0;
  for (let strip = NARROWEST_STRIP; strip <= MOST_TEXELS * 4; strip *= 2) {
    const height = cut ? Math.ceil(columns / strip) * rows : Math.ceil((rows * columns) / strip);
    const place = cut ? { pitch: 0, below: rows, step: 1 } : { pitch: columns, below: 1, step: 0 };
    if (height <= MOST_TEXELS) return { width: strip / 4, height, strip, ...place };
  }
  return null;
}

/** A rectangle of texels and the float of the operand that it begins with; floats from one of its lines to the next. */
interface Part {
  readonly from: number;
  readonly lineFloats: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function partsOf({ rows, columns }: Rows): readonly Part[] {
  const { strip, pitch } = stripsOf({ rows, columns })!;
  const parts: Part[] = [];
  if (pitch === 0) {
    for (let from = 0; from < columns; from += strip) {
      const width = Math.min(strip, columns - from) / 4;
      parts.push({ from, lineFloats: columns, top: (from / strip) * rows, width, height: rows });
    }
    return parts;
  }
  const lines = Math.floor((rows * columns) / strip);
  const rest = (rows * columns) % strip;
  if (lines > 0) parts.push({ from: 0, lineFloats: strip, top: 0, width: strip / 4, height: lines });
  if (rest > 0) parts.push({ from: lines * strip, lineFloats: strip, top: lines, width: rest / 4, height: 1 });
  return parts;
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
    fill: (encoder, place, { buffer, offset = 0 }, rows) => {
      for (const { from, lineFloats, top, width, height } of partsOf(rows))
        encoder.copyBufferToTexture(
          { buffer, offset: offset + from * 4, bytesPerRow: lineFloats * 4, rowsPerImage: height },
          { texture: textures[place]!, origin: [0, top] },
          [width, height],
        );
    },
    close: () => textures.forEach((texture) => device.release(texture)),
  };
}
