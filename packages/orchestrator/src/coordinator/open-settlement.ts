/** Opens the money of a run, a new one's or that of one that goes on. */
import type { CoordinatorState, RunId } from '@murmuration/protocol';
import type { LoadedJob } from '../plan/load-job.ts';
import { jobSalt } from '../settlement/salt.ts';
import { Settlement } from '../settlement/settlement.ts';
import { markDeposit, readDeposit } from '../store/deposit.ts';
import type { RunPaths } from '../store/run-directory.ts';
import type { RunSecrets } from './secrets.ts';

export interface RunMoney {
  readonly loaded: LoadedJob;
  readonly runId: RunId;
  readonly paths: RunPaths;
  readonly past: { readonly state: CoordinatorState } | null;
  readonly log: (line: string) => void;
}

/** Signatures under an epoch: one on a chain of one's own, two where money is real and there are two to ask. */
const quorumOf = ({ spec }: LoadedJob): number =>
  spec.payment !== 'none' && spec.payment.type === 'chain' ? Math.min(2, spec.workers.minimum) : 1;

/** Null for a job that pays nothing. @throws SettlementChangedError and the errors of `@murmuration/contracts` */
export async function openSettlement(
  { loaded, runId, paths, past, log }: RunMoney,
  { privateKey, auditSecret }: RunSecrets,
): Promise<Settlement | null> {
  const { payment } = loaded.spec;
  if (payment === 'none') return null;
  return Settlement.open({
    payment,
    salt: jobSalt(runId, auditSecret),
    coordinatorKey: privateKey.raw,
    quorum: quorumOf(loaded),
    devnetDirectory: paths.devnet,
    jobDirectory: loaded.directory,
    before: past?.state.config.payment ?? readDeposit(paths),
    // A devnet's money lies in the run's own directory: there is nothing to come back for.
    depositing: (scope) => (payment.type === 'chain' ? markDeposit(paths, scope) : undefined),
    log,
  });
}
