/** What can go wrong between this program and a chain. Each names what to do about it. */
import { MurmurationError } from '@murmuration/protocol';

/** Nothing answers as a chain there. Causes: wrong URL, node down, a firewall, a server of another kind. */
export class ChainUnreachableError extends MurmurationError {
  readonly code = 'CHAIN_UNREACHABLE';
  readonly rpcUrl: string;

  constructor({ rpcUrl, why, cause }: { rpcUrl: string; why: string; cause?: unknown }) {
    super({
      message: `No chain answers at ${shown(rpcUrl)}: ${why}.`,
      mend: 'Check the address of the JSON-RPC endpoint and that the node runs.',
      cause,
    });
    this.rpcUrl = rpcUrl;
  }
}

/** The node serves another chain than the job names. */
export class ChainIdWrongError extends MurmurationError {
  readonly code = 'CHAIN_ID_WRONG';

  constructor({ rpcUrl, expected, found }: { rpcUrl: string; expected: number; found: number }) {
    super({
      message: `The chain at ${shown(rpcUrl)} has the id ${found}, not ${expected}.`,
      mend: 'Name the endpoint of the right chain, or correct the chain id.',
    });
  }
}

/** There is no code at a contract's address. Causes: an address of another chain, a devnet that lost its state. */
export class ContractMissingError extends MurmurationError {
  readonly code = 'CONTRACT_MISSING';

  constructor({ name, address, chainId }: { name: string; address: string; chainId: number }) {
    super({
      message: `There is no contract at ${address} (${name}) on chain ${chainId}.`,
      mend: 'Check the contract addresses, or deploy the contracts first.',
    });
  }
}

/** An account has too little of a token or of the coin that pays for gas. */
export class BalanceInsufficientError extends MurmurationError {
  readonly code = 'BALANCE_INSUFFICIENT';
  readonly account: string;

  constructor({
    account,
    unit,
    needed,
    found,
    cause,
  }: {
    account: string;
    unit: string;
    needed: bigint | null;
    found: bigint;
    cause?: unknown;
  }) {
    const amounts = needed === null ? `has ${found} wei` : `needs ${needed} wei and has ${found}`;
    super({
      message: `The account ${account} ${amounts} of ${unit}.`,
      mend: 'Fund the account, or lower the budget.',
      cause,
    });
    this.account = account;
  }
}

/** A contract said no. `reason` is the name of its custom error; the interfaces in `solidity/interfaces` say what it means. */
export class ContractRefusedError extends MurmurationError {
  readonly code = 'CONTRACT_REFUSED';
  readonly reason: string;
  readonly values: readonly string[];

  constructor({
    what,
    reason,
    values,
    cause,
  }: {
    what: string;
    reason: string;
    values: readonly string[];
    cause?: unknown;
  }) {
    super({
      message: `The contract refused to ${what}: ${reason}(${values.join(', ')}).`,
      mend: `Look up ${reason} in the contracts' interfaces and correct what was sent.`,
      cause,
    });
    this.reason = reason;
    this.values = values;
  }
}

/** A transaction was sent and has no receipt in time. Causes: a crowded chain, too low a fee, a node that forgot it. */
export class TransactionLostError extends MurmurationError {
  readonly code = 'TRANSACTION_LOST';
  readonly transaction: string;

  constructor({ transaction, seconds }: { transaction: string; seconds: number }) {
    super({
      message: `Transaction ${transaction} was not mined within ${seconds} s.`,
      mend: 'Look it up in an explorer, then go on with `orchestrate resume`: what is done already is passed over.',
    });
    this.transaction = transaction;
  }
}

/** The node answered with an error that is none of the above. */
export class ChainFailedError extends MurmurationError {
  readonly code = 'CHAIN_FAILED';

  constructor({ what, why, cause }: { what: string; why: string; cause?: unknown }) {
    super({
      message: `The chain's node failed to ${what}: ${why}.`,
      mend: 'Try again, or use another endpoint.',
      cause,
    });
  }
}

/** An endpoint's address for people's eyes: many carry a secret key in their path or query. */
function shown(rpcUrl: string): string {
  if (!URL.canParse(rpcUrl)) return JSON.stringify(rpcUrl);
  const { origin, pathname, search } = new URL(rpcUrl);
  return pathname === '/' && search === '' ? origin : `${origin}/…`;
}
