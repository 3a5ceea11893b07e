/** Whether an opened backend computes what a job's numerics promise. */
import type { Backend, Numerics } from './backend.ts';
import { BackendUnavailableError } from './errors.ts';

/**
 * Gives the backend back if it has a part in such numerics: in exact ones an adapter of the tolerance class has none, for its
 * bits are its own, and the run would refuse it.
 * @throws BackendUnavailableError when it has none; it is closed then
 */
export async function fitForNumerics(backend: Backend, numerics: Numerics): Promise<Backend> {
  if (numerics === 'fast' || backend.adapter.class === 'exact') return backend;
  await backend.close();
  throw new BackendUnavailableError({
    backend: backend.name,
    reason: `the job asks for exact numerics, and ${backend.adapter.name} rounds in other ways`,
    mend: 'Choose the backend auto or exact, which need only a CPU for it.',
  });
}
