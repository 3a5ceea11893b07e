/** Shared by the tests that run on a real chain: keys, a devnet in a temporary folder, a deployed and funded chain. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getBytes, id } from 'ethers';
import {
  hash,
  settlementTree,
  wei,
  type Address,
  type Earning,
  type Hash,
  type SettlementTree,
  type Wei,
} from '@murmuration/protocol';
import { chainTime, connectAccount, withContracts, type Chain, type ChainAccount } from './connect.ts';
import { deploy } from './deploy.ts';
import { startDevnet, type Devnet } from './devnet/index.ts';
import { identityOf, type Identity } from './identity.ts';
import { openJob, type OpenedJob, type OpenJobParameters } from './open-job.ts';
import type { PostEpochParameters } from './post-epoch.ts';
import type { Registration } from './register-workers.ts';
import { signAttestation } from './sign/sign-attestation.ts';
import { signEpoch } from './sign/sign-epoch.ts';
import { signPossession } from './sign/sign-possession.ts';

/** A party of a test: its secret key and its public names. */
export interface Party extends Identity {
  readonly secretKey: Uint8Array;
}

/** The party of that name; the same in every test. */
export function party(name: string): Party {
  const secretKey = getBytes(id(`murmuration test ${name}`));
  return { secretKey, ...identityOf(secretKey) };
}

export const TOKEN = 10n ** 18n;
export const SUPPLY = wei(1_000_000n * TOKEN);

/** A devnet with the contracts on it. `end` stops it and removes its folder. */
export interface TestChain {
  readonly devnet: Devnet;
  readonly chain: Chain;
  readonly stateDirectory: string;
  end(): Promise<void>;
}

/** @param makeToken what the jobs pay in; left out, a devnet token */
export async function startTestChain(makeToken?: (account: ChainAccount) => Promise<Address>): Promise<TestChain> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'murmuration-devnet-'));
  const devnet = await startDevnet({ stateDirectory, log: () => undefined });
  const account = await connectAccount({
    rpcUrl: devnet.rpcUrl,
    chainId: devnet.chainId,
    secretKey: devnet.engineerKey,
  });
  const token = await makeToken?.(account);
  const offer = { supplyWei: SUPPLY, ...(token === undefined ? {} : { token }) };
  const chain = await withContracts(account, await deploy(account, offer));
  const end = async (): Promise<void> => {
    chain.close();
    await devnet.stop();
    rmSync(stateDirectory, { recursive: true, force: true });
  };
  return { devnet, chain, stateDirectory, end };
}

/** What a worker hands out so that somebody registers it; it is paid to `payout`. */
export function registrationOf(
  chain: Chain,
  worker: Party,
  payout = party(`${worker.peerId} payout`).address,
): Registration {
  const domain = { chainId: chain.chainId, contract: chain.contracts.registry };
  return { peerId: worker.peerId, payout, possession: signPossession(worker.secretKey, domain, { payout }) };
}

export async function openTestJob(
  chain: Chain,
  salt: string,
  terms: Partial<OpenJobParameters> = {},
): Promise<OpenedJob> {
  const deadline = (await chainTime(chain)) + 86_400;
  return openJob(chain, {
    salt: hash(id(salt)),
    coordinator: party('coordinator').address,
    budgetWei: wei(1000n * TOKEN),
    pricePerMicroBatchWei: wei(TOKEN),
    deadline,
    challengeWindowSeconds: 3600,
    quorum: 2,
    ...terms,
  });
}

/** An epoch's tree with the signatures that put it on chain. */
export function signedEpoch(
  chain: Chain,
  {
    jobId,
    epoch,
    earnings,
    auditors,
    coordinator = party('coordinator'),
  }: { jobId: Hash; epoch: number; earnings: readonly Earning[]; auditors: readonly Party[]; coordinator?: Party },
): { tree: SettlementTree; post: PostEpochParameters } {
  const { chainId, contracts } = chain;
  const tree = settlementTree({ chainId, settlement: contracts.settlement, jobId }, earnings);
  const statement = { jobId, epoch, root: tree.root, totalWei: tree.totalWei };
  const domain = { chainId, contract: contracts.settlement };
  const signature = signEpoch(coordinator.secretKey, domain, statement);
  const attestations = auditors.map(({ secretKey }) => signAttestation(secretKey, domain, statement));
  return { tree, post: { statement, signature, attestations } };
}

/** Earnings by party, in whole tokens. */
export const earningsOf = (...amounts: readonly (readonly [Party, bigint])[]): Earning[] =>
  amounts.map(([{ address }, tokens]) => ({ address, cumulativeWei: wei(tokens * TOKEN) }));

/** The claims of all earnings on a tree. */
export const claimsOf = (
  tree: SettlementTree,
  earnings: readonly Earning[],
): { address: Earning['address']; cumulativeWei: Wei; proof: Hash[] }[] =>
  earnings.map((earning) => ({ ...earning, proof: tree.proof(earning.address) }));
