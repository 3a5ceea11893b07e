/** Questions to the server that a page came from: one function asks, `apiPaths` names what there is to ask. */
import type { ApiError } from '@murmuration/protocol/dashboard';
import { ApiRequestError } from './errors.ts';

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** `path` with its `:name` parts and its query filled in; parameters that are null or empty are left out. */
export function addressOf(path: string, parts: Readonly<Record<string, string>> = {}, query: Query = {}): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(parts[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '') continue;
    search.set(name, typeof value === 'boolean' ? String(Number(value)) : String(value));
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}

/** Asks the server; the answer is JSON of the type that `apiPaths` documents. Throws {@link ApiRequestError}. */
export async function ask<Answer>(address: string, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(address, {
    headers: { accept: 'application/json' },
    ...(signal ? { signal } : {}),
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw new ApiRequestError({
      code: 'UNREACHABLE',
      status: 0,
      message: 'The server did not answer. Check that the coordinator still runs, then try again.',
      cause,
    });
  });
  if (!response.ok) throw await refusalOf(response);
  return (await response.json()) as Answer;
}

async function refusalOf(response: Response): Promise<ApiRequestError> {
  const said = (await response.json().catch(() => null)) as Partial<ApiError> | null;
  const { code, message } = said?.error ?? {};
  return new ApiRequestError({
    status: response.status,
    code: typeof code === 'string' ? code : `HTTP_${response.status}`,
    message:
      typeof message === 'string'
        ? message
        : `The server answered ${response.status} without saying why. Look into the coordinator's output.`,
  });
}
