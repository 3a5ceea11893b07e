/** The chain that a job names: a devnet of its own, started here, or one that is there already. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connectAccount, connectChain, deploy, withContracts } from '@murmuration/contracts';
import type { Chain, Contracts } from '@murmuration/contracts';
import { startDevnet } from '@murmuration/contracts/devnet';
import { wei } from '@murmuration/protocol';
import type { PaymentSpec } from '@murmuration/protocol/job';
import { writeDurably } from '../store/durable-file.ts';
import { payerKey } from './payer-key.ts';

export type PaidSpec = Exclude<PaymentSpec, 'none'>;

export interface OpenedChain {
  readonly chain: Chain;
  /** Moves the clock past a challenge window; null where the clock is everybody's. */
  readonly advanceTime: ((seconds: number) => Promise<void>) | null;
  /** Returns when what is on the chain outlives this machine's processes. */
  save(): Promise<void>;
  close(): Promise<void>;
}

export interface ChainPlace {
  /** Where a devnet keeps its state. */
  readonly devnetDirectory: string;
  /** Relative paths of the job are meant from here. */
  readonly jobDirectory: string;
  readonly log: (line: string) => void;
}

/** @throws ChainUnreachableError, ChainIdWrongError, ContractMissingError, PayerKeyError, DevnetFailedError and their like */
export function openChain(payment: PaidSpec, place: ChainPlace): Promise<OpenedChain> {
  return payment.type === 'devnet' ? openDevnet(payment, place) : openPublicChain(payment, place);
}

async function openPublicChain(
  payment: Extract<PaidSpec, { type: 'chain' }>,
  { jobDirectory }: ChainPlace,
): Promise<OpenedChain> {
  const { rpcUrl, chainId, contracts } = payment;
  const secretKey = payerKey(payment, (path) => resolve(jobDirectory, path));
  const chain = await connectChain({ rpcUrl, chainId, secretKey, contracts });
  return { chain, advanceTime: null, save: async () => undefined, close: async () => chain.close() };
}

async function openDevnet(
  { budget }: Extract<PaidSpec, { type: 'devnet' }>,
  { devnetDirectory, log }: ChainPlace,
): Promise<OpenedChain> {
  const devnet = await startDevnet({ stateDirectory: devnetDirectory, log });
  try {
    const account = await connectAccount({
      rpcUrl: devnet.rpcUrl,
      chainId: devnet.chainId,
      secretKey: devnet.engineerKey,
    });
    const file = join(devnetDirectory, 'contracts.json');
    const known = existsSync(file);
    const contracts = known
      ? (JSON.parse(readFileSync(file, 'utf8')) as Contracts)
      : await deploy(account, { supplyWei: wei(BigInt(budget)) });
    const chain = await withContracts(account, contracts);
    if (!known) {
      // The state first: contracts that are named must be there after a crash.
      await devnet.save();
      writeDurably(file, JSON.stringify(contracts));
    }
    const close = async (): Promise<void> => {
      chain.close();
      await devnet.stop();
    };
    return { chain, advanceTime: (seconds) => devnet.advanceTime(seconds), save: () => devnet.save(), close };
  } catch (error) {
    await devnet.stop();
    throw error;
  }
}
