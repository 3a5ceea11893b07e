/** Gzip in a page, bounded. */
import { DataFormatError, DataSizeError } from '@murmuration/protocol/data-core';
import { chunksOf, joined } from './fetch-file.ts';

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** @throws DataFormatError, DataSizeError */
export async function unpack(
  packed: Uint8Array<ArrayBuffer>,
  { location, limit }: { readonly location: string; readonly limit: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunksOf(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')))) {
      length += chunk.length;
      if (length > limit) throw new DataSizeError({ location, what: 'unpacked bytes', limit });
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof DataSizeError) throw cause;
    throw new DataFormatError({ location, reason: 'is damaged gzip', mend: 'Fetch it again.', cause });
  }
  return joined(chunks, length);
}
