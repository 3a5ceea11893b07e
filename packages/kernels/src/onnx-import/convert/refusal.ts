/** Why one node can't be imported; the importer catches it and goes on, so that a person sees all reasons at once. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export function refuseNode(problem: string): never {
  throw new Refusal(problem);
}
