/** What happens to a page around its worker. */

export interface PageListener {
  visibility(hidden: boolean): void;
  /** The page is going away, or is frozen: what is said now is the last word. */
  sleep(reason: string): void;
  /** It came back, from the browser's cache of pages or from being frozen. */
  wake(): void;
  /** The network is back. */
  online(): void;
}

/** Returns what ends the watch. */
export function watchPage({ visibility, sleep, wake, online }: PageListener): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  document.addEventListener('visibilitychange', () => visibility(document.hidden), { signal });
  addEventListener('pagehide', () => sleep('the page was closed'), { signal });
  addEventListener('pageshow', ({ persisted }) => persisted && wake(), { signal });
  // Browsers freeze pages that were hidden for long, to save memory or energy.
  document.addEventListener('freeze', () => sleep('the browser froze the page'), { signal });
  document.addEventListener('resume', () => wake(), { signal });
  addEventListener('online', () => online(), { signal });
  return () => controller.abort();
}
