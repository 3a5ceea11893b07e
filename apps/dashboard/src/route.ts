/** Which of the two pages an address names. Pure. */
export type Route =
  | { readonly page: 'run' }
  | { readonly page: 'member'; readonly peerId: string }
  | { readonly page: 'none' };

/** What `path` names. */
export function routeOf(path: string): Route {
  if (path === '/' || path === '/index.html') return { page: 'run' };
  const [, peerId] = /^\/members\/([^/]{1,128})\/?$/.exec(path) ?? [];
  if (peerId === undefined) return { page: 'none' };
  try {
    return { page: 'member', peerId: decodeURIComponent(peerId) };
  } catch {
    return { page: 'none' };
  }
}

export const hrefOfMember = (peerId: string): string => `/members/${encodeURIComponent(peerId)}`;
