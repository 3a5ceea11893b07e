/** One text for one value, whatever order its keys were written in: what journal hashes are taken over. */

/** JSON with sorted keys and without spaces. Only plain data: no bigint, no class instances, no undefined in arrays. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(record)
      .toSorted()
      .map((key) => [key, record[key]]),
  );
}
