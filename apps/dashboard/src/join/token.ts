/** The join token: it comes in the link's fragment, which no server and no log ever sees, and stays with this tab. */

/** What {@link takeToken} needs of a page. */
export interface TokenPlace {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

const KEY = 'murmuration.token';
/** More than any token has; a longer one is somebody's mistake. */
const LONGEST = 512;

/** The token in a link's fragment, `#token=…`; null when there is none. */
export function tokenOfFragment(fragment: string): string | null {
  const token = new URLSearchParams(fragment.replace(/^#/, '')).get('token');
  return token === null ? null : cleanToken(token);
}

/** A token as somebody typed or pasted it, or the link that holds it; null when nothing of it is a token. */
export function cleanToken(text: string): string | null {
  const trimmed = text.trim();
  const at = trimmed.indexOf('#token=');
  if (at >= 0) return tokenOfFragment(trimmed.slice(at));
  return trimmed === '' || trimmed.length > LONGEST || /\s/.test(trimmed) ? null : trimmed;
}

/** Takes the token out of the address bar, so that it is in no bookmark and no screenshot, and keeps it for reloads. */
export function takeToken({ location, history, storage }: TokenPlace): string | null {
  const fresh = tokenOfFragment(location.hash);
  if (fresh === null) return guarded(() => storage.getItem(KEY)) ?? null;
  history.replaceState(null, '', `${location.pathname}${location.search}`);
  keepToken(storage, fresh);
  return fresh;
}

/** Keeps a token for reloads of this tab; null forgets it. */
export function keepToken(storage: TokenPlace['storage'], token: string | null): void {
  guarded(() => (token === null ? storage.removeItem(KEY) : storage.setItem(KEY, token)));
}

/** Storage may be switched off, and then throws; a token then lasts until the next reload. */
function guarded<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}
