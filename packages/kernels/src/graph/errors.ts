/** What this room throws: an illegal graph, and an op that has no derivative. */
import { KernelError } from '../errors.ts';

export interface GraphErrorDetails {
  /** Op name, or `graph` where no single op is at fault. */
  readonly op: string;
  /** Where in the graph: `node 7`, `output "loss"`, `mlp.hidden`. */
  readonly place: string;
  readonly problem: string;
  readonly mend: string;
}

/** A graph, an op call or a model spec that breaks a rule. */
export class GraphError extends KernelError {
  readonly code = 'GRAPH_ILLEGAL';
  readonly op: string;
  readonly place: string;

  constructor({ op, place, problem, mend }: GraphErrorDetails) {
    super({ message: `${op} at ${place}: ${problem}.`, mend });
    this.op = op;
    this.place = place;
  }
}

/** A derivative was asked for through an op that has none. */
export class NotDifferentiableError extends KernelError {
  readonly code = 'NOT_DIFFERENTIABLE';
  readonly op: string;
  readonly place: string;

  constructor({ op, place, reason }: { op: string; place: string; reason: string }) {
    super({
      message: `${op} at ${place} has no derivative: ${reason}.`,
      mend: 'Take it off the path from the parameters to the loss.',
    });
    this.op = op;
    this.place = place;
  }
}
