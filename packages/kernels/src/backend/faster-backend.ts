/** A GPU and a CPU backend of which the first program that is compiled keeps the faster. */
import { debug, graphText } from '../debug.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { AdapterInfo, Backend, BackendName, Executable, CompileOptions } from './backend.ts';
import { chooseBackend } from './choose-backend.ts';
import { summaryOf } from './errors.ts';
import { measureStep } from './measure-step.ts';

export interface FasterBackendParts {
  readonly gpu: Backend;
  readonly cpu: Backend;
  /** Why it takes a measurement. */
  readonly reason: string;
}

export class FasterBackend implements Backend {
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
    this.#winner ??= await this.#decide(program);
    debug('graph', () => graphText(this.name, { train: program.train, evaluate: program.evaluate }));
    return this.#winner.compile(program, options);
  }

  async close(): Promise<void> {
    const { gpu, cpu } = this.#parts;
    await Promise.all((this.#winner ? [this.#winner] : [gpu, cpu]).map((backend) => backend.close()));
  }

  /** Measures one after the other, so that neither is slowed by its rival, and closes the loser. A GPU that fails the job loses it. */
  async #decide(program: StepProgram): Promise<Backend> {
    const { gpu, cpu } = this.#parts;
    const stepMillis = await measureStep(gpu, program).catch(summaryOf);
    const { choice, reason } =
      typeof stepMillis === 'string'
        ? chooseBackend({ found: false, reason: stepMillis })
        : chooseBackend({ found: true, adapter: gpu.adapter, stepMillis }, await measureStep(cpu, program));
    const [winner, loser] = choice === 'webgpu' ? [gpu, cpu] : [cpu, gpu];
    await loser.close();
    this.#reason = reason;
    return winner;
  }
}
