/** One JSON-RPC request to the devnet, for the methods that only a test chain has. */

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message?: string };
}

const TIMEOUT_MS = 30_000;

/** @throws an Error when the node is gone or refuses */
export async function rpc(rpcUrl: string, method: string, parameters: readonly unknown[] = []): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: parameters }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { result, error } = (await response.json()) as Answer;
  if (error !== undefined) throw new Error(`${method}: ${error.message ?? 'refused'}`);
  return result;
}
