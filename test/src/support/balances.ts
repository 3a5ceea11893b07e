/** What accounts hold on the chain that a run kept for itself, asked of the chain. */
import { readFileSync } from 'node:fs';
import { startDevnet } from '@murmuration/contracts/devnet';

/** `balanceOf(address)` of ERC-20. */
const BALANCE_OF = '0x70a08231';

/** Starts the run's devnet again from its directory and asks its token; amounts in the order of the accounts. */
export async function devnetBalances(runDirectory: string, accounts: readonly string[]): Promise<bigint[]> {
  const stateDirectory = `${runDirectory}/devnet`;
  const { token } = JSON.parse(readFileSync(`${stateDirectory}/contracts.json`, 'utf8')) as { token: string };
  const devnet = await startDevnet({ stateDirectory, log: () => undefined });
  try {
    const balances: bigint[] = [];
    for (const account of accounts) {
      const data = `${BALANCE_OF}${account.slice(2).toLowerCase().padStart(64, '0')}`;
      const body = { jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ to: token, data }, 'latest'] };
      const answer = await fetch(devnet.rpcUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      balances.push(BigInt(((await answer.json()) as { result: string }).result));
    }
    return balances;
  } finally {
    await devnet.stop();
  }
}
