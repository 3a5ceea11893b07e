/** A GPU and a CPU backend of which the first program that is compiled keeps the faster. */
import { debug, graphText } from '../debug.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { AdapterInfo, BackendName, Backend, CompileOptions, Executable } from './backend.ts';
import { fasterOf } from './choose-backend.ts';
import { summaryOf } from './errors.ts';
import { measureStep } from './measure-step.ts';
import type { SelectedBackend } from './selected-backend.ts';

export interface FasterBackendParts {
  readonly gpu: Backend;
  readonly cpu: Backend;
  /** Why it takes a measurement. */
  readonly reason: string;
}

export class FasterBackend implements SelectedBackend {
  readonly #parts: FasterBackendParts;
  #reason: string;
  #winner: Backend | null = null;

  constructor(parts: FasterBackendParts) {
    this.#parts = parts;
    this.#reason = parts.reason;
  }

  get name(): BackendName {
    return (this.#winner ?? this.#parts.gpu).name;
  }

  get adapter(): AdapterInfo {
    return (this.#winner ?? this.#parts.gpu).adapter;
  }

  get reason(): string {
    return this.#reason;
  }

  async compile(program: StepProgram, options?: CompileOptions): Promise<Executable> {
    this.#winner ??= await this.#decide(program, options);
    debug('graph', () => graphText(this.name, { train: program.train, evaluate: program.evaluate }));
    return this.#winner.compile(program, options);
  }

  async close(): Promise<void> {
    const { gpu, cpu } = this.#parts;
    await Promise.all((this.#winner ? [this.#winner] : [gpu, cpu]).map((backend) => backend.close()));
  }

  /** Measures one after the other, so that neither is slowed by its rival, and closes the loser. A GPU that fails the job loses it. */
  async #decide(program: StepProgram, options: CompileOptions | undefined): Promise<Backend> {
    const { gpu, cpu } = this.#parts;
    const gpuMillis = await measureStep(gpu, program, options).catch(summaryOf);
    const cpuMillis = typeof gpuMillis === 'string' ? 0 : await measureStep(cpu, program, options);
    const { winner, reason } = fasterOf(gpu.adapter, gpuMillis, cpuMillis);
    const [kept, loser] = winner === 'gpu' ? [gpu, cpu] : [cpu, gpu];
    await loser.close();
    this.#reason = reason;
    return kept;
  }
}
