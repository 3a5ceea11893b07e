/** One tab at a time works with a key, held by the browser's own locks: they go when the tab goes, however it goes. */

/** A page that is being reloaded may still hold its lock for a moment. */
const PATIENCE_MS = 3000;

/** What lets go of the key; null when another tab holds it. Where a page has no locks (plain http) nothing is held. */
export async function lockKey(peerId: string): Promise<(() => void) | null> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return () => undefined;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  return await new Promise((resolve, reject) => {
    const options = { signal: AbortSignal.timeout(PATIENCE_MS) };
    const granted = (): Promise<void> => {
      resolve(release);
      return held;
    };
    locks.request(`murmuration-worker ${peerId}`, options, granted).catch((error: unknown) => {
      if (options.signal.aborted) resolve(null);
      else reject(error);
    });
  });
}
