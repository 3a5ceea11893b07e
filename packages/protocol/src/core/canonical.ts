/** One text for one value, whatever order its keys were written in: what journal hashes are taken over. */

/**
 * JSON with sorted keys and without spaces. For plain data only: no bigint, no class instances; fields that are
 * undefined are left out, as JSON does.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  return Array.isArray(value) ? canonicalList(value) : canonicalRecord(value as Record<string, unknown>);
}

/** Texts are put together piece by piece: a journal is hashed entry by entry, and lists of pieces would be half of that. */
function canonicalList(list: readonly unknown[]): string {
  let text = '[';
  for (let i = 0; i < list.length; i++) text += (i === 0 ? '' : ',') + canonicalJson(list[i]);
  return `${text}]`;
}

function canonicalRecord(record: Record<string, unknown>): string {
  let text = '{';
  for (const key of Object.keys(record).sort()) {
    const value = record[key];
    if (value !== undefined) text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value)}`;
  }
  return `${text}}`;
}
