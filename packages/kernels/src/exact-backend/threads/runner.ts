/**
 * One thread's share of a program: all threads walk the same stages, take calls from a common counter and meet at the end of each
 * stage. Which thread computes what never matters, since every element is computed whole by one call.
 */
import { CONTROL, CONTROL_WORDS, type Stage, type ThreadProgram } from './messages.ts';

/** Looks at the barrier before a thread sleeps: about 20 µs, less than a sleep and a wake-up cost. */
const SPINS = 2000;

type Exports = Readonly<Record<string, (...values: readonly number[]) => void>>;

export class ThreadRunner {
  readonly #program: ThreadProgram;
  readonly #exports: Exports;
  readonly #threads: number;
  readonly #scratch: number;
  readonly #control: Int32Array;

  constructor(program: ThreadProgram, thread: number) {
    this.#program = program;
    this.#threads = program.scratch.length;
    this.#scratch = program.scratch[thread] ?? 0;
    this.#control = new Int32Array(program.memory.buffer, 0, CONTROL_WORDS);
    const instance = new WebAssembly.Instance(program.module, { env: { memory: program.memory } });
    this.#exports = instance.exports as Exports;
  }

  /** Runs a list of stages together with the other threads. After a failure the others skip what is left. */
  run(list: string): string | undefined {
    let failed: string | undefined;
    for (const stage of this.#program.lists[list] ?? []) {
      try {
        if (Atomics.load(this.#control, CONTROL.failed) === 0) this.#share(stage);
      } catch (error) {
        failed = String(error);
        Atomics.store(this.#control, CONTROL.failed, 1);
      }
      this.#meet();
    }
    return failed;
  }

  #share(stage: Stage): void {
    for (;;) {
      const work = stage[Atomics.add(this.#control, CONTROL.next, 1)];
      if (work === undefined) return;
      const call = this.#exports[work.name]!;
      if (work.scratch) call(...work.arguments, this.#scratch);
      else call(...work.arguments);
    }
  }

  /** Waits until all threads are here. */
  #meet(): void {
    const control = this.#control;
    const generation = Atomics.load(control, CONTROL.generation);
    if (Atomics.add(control, CONTROL.arrived, 1) === this.#threads - 1) {
      Atomics.store(control, CONTROL.arrived, 0);
      Atomics.store(control, CONTROL.next, 0);
      Atomics.add(control, CONTROL.generation, 1);
      if (this.#threads > 1) Atomics.notify(control, CONTROL.generation);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(control, CONTROL.generation) !== generation) return;
    while (Atomics.load(control, CONTROL.generation) === generation)
      Atomics.wait(control, CONTROL.generation, generation);
  }
}
