/** Files to one text. Pure. */
import { DataFormatError } from './errors.ts';

/** Strictly decoded UTF-8, without a byte order mark. */
function decode(bytes: Uint8Array, location: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataFormatError({ location, reason: 'is not UTF-8 text', mend: 'Convert it to UTF-8.', cause });
  }
}

function parseJson(text: string, location: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataFormatError({
      location,
      reason: `is not JSON: ${(cause as Error).message}`,
      mend: 'Leave `field` out for plain text files.',
      cause,
    });
  }
}

/** The records of a JSON file: an array's elements, one object, or one a line where the name ends in `.jsonl`. */
function recordsOf(text: string, location: string): unknown[] {
  if (/\.jsonl(\.gz)?$/.test(location)) {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => parseJson(line, location));
  }
  const value = parseJson(text, location);
  return Array.isArray(value) ? value : [value];
}

function fieldOf(record: unknown, field: string, index: number, location: string): string {
  const value = typeof record === 'object' && record !== null ? (record as Record<string, unknown>)[field] : undefined;
  if (typeof value !== 'string') {
    throw new DataFormatError({
      location,
      reason: `has no text in field ${JSON.stringify(field)} of record ${index}`,
      mend: 'Name a field that every record has.',
    });
  }
  return value;
}

/**
 * The text of a file: all of it, or the texts that its JSON records have in `field`, a line break between two.
 * Lone surrogates (which only JSON escapes can make) become U+FFFD, so that the text has a form in UTF-8.
 * @throws DataFormatError
 */
export function textOf(bytes: Uint8Array, location: string, field: string | undefined): string {
  const text = decode(bytes, location);
  if (field === undefined) return text;
  const records = recordsOf(text, location);
  return records
    .map((record, index) => fieldOf(record, field, index, location))
    .join('\n')
    .toWellFormed();
}
