/** Virtual time: things happen in order of their time, and in order of asking when the times are equal. */

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const earlier = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Scheduler {
  #now = 0;
  #order = 0;
  /** A binary heap, earliest first. */
  readonly #heap: Task[] = [];

  /** Virtual milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): void {
    this.#push({ at: this.#now + delay, order: this.#order++, run });
  }

  /** Runs the next task; false when there is none. */
  step(): boolean {
    const task = this.#pop();
    if (task === undefined) return false;
    this.#now = task.at;
    task.run();
    return true;
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let i = heap.push(task) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && earlier(task, heap[parent]!); i = parent, parent = (i - 1) >> 1)
      heap[i] = heap[parent]!;
    heap[i] = task;
  }

  #pop(): Task | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (child >= heap.length || !earlier(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

/** Named timers on a scheduler: setting replaces, and what was replaced or cancelled never fires. */
export class SimTimers<Name extends string> {
  readonly #scheduler: Scheduler;
  readonly #fire: (name: Name) => void;
  readonly #generations = new Map<Name, number>();
  #generation = 0;

  constructor(scheduler: Scheduler, fire: (name: Name) => void) {
    this.#scheduler = scheduler;
    this.#fire = fire;
  }

  set(name: Name, delay: number): void {
    const generation = ++this.#generation;
    this.#generations.set(name, generation);
    this.#scheduler.after(delay, () => {
      if (this.#generations.get(name) !== generation) return;
      this.#generations.delete(name);
      this.#fire(name);
    });
  }

  cancel(name: Name): void {
    this.#generations.delete(name);
  }

  clear(): void {
    this.#generations.clear();
  }
}
