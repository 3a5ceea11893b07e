/** What a simulated worker holds: the tensors that the member machine names, kept and forgotten as it says. */
import type { Bucket, Hash, PeerId, Round, View } from '../core/ids.ts';
import type { MemberEffectOf, Release } from '../machines/member/effects.ts';
import type { Vector } from './numbers.ts';

export interface OwnContribution {
  readonly round: Round;
  readonly assignment: View;
  readonly root: Hash;
  readonly values: Vector;
}

export interface Present {
  readonly round: number;
  readonly values: Vector;
}

export class Tensors {
  present: Present | null = null;
  readonly parameters = new Map<number, Vector>();
  readonly states = new Map<number, Vector>();
  readonly own = new Map<Hash, OwnContribution>();
  /** Sealed rounds' reduced buckets. */
  readonly sealed = new Map<number, ReadonlyMap<Bucket, { readonly hash: Hash; readonly value: number }>>();
  readonly #received = new Map<string, { readonly assignment: View; readonly value: number }>();
  readonly #reduced = new Map<string, { readonly view: View; readonly value: number }>();

  receive(assignment: View, from: PeerId, bucket: Bucket, value: number): void {
    this.#received.set(`${assignment}/${from}/${bucket}`, { assignment, value });
  }

  received(assignment: View, from: PeerId, bucket: Bucket): number | undefined {
    return this.#received.get(`${assignment}/${from}/${bucket}`)?.value;
  }

  putReduced(view: View, bucket: Bucket, hash: Hash, value: number): void {
    this.#reduced.set(`${view}/${bucket}/${hash}`, { view, value });
  }

  reduced(view: View, bucket: Bucket, hash: Hash): number | undefined {
    return this.#reduced.get(`${view}/${bucket}/${hash}`)?.value;
  }

  ownUnder(assignment: View): OwnContribution | undefined {
    return [...this.own.values()].find((contribution) => contribution.assignment === assignment);
  }

  /** The state at a round as others may fetch it. */
  stateAt(round: number): Vector | undefined {
    return this.states.get(round) ?? (this.present?.round === round ? this.present.values : undefined);
  }

  discard(effect: MemberEffectOf<'discard'>): void {
    if (effect.kind === 'contribution') this.#received.delete(`${effect.assignment}/${effect.from}/${effect.bucket}`);
    else this.#reduced.delete(`${effect.view}/${effect.bucket}/${effect.hash}`);
  }

  release(release: Release): void {
    const { kind, before } = release;
    const rules: Record<Release['kind'], () => void> = {
      contributions: () => {
        drop(this.#received, ({ assignment }) => assignment < before);
        drop(this.#reduced, ({ view }) => view < before);
      },
      ownContributions: () => drop(this.own, ({ round }) => round < before),
      sealed: () => dropKeys(this.sealed, (round) => round < before),
      parameters: () =>
        dropKeys(
          this.parameters,
          (round) =>
            round < before && !(release.kind === 'parameters' && release.pinned.some((pinned) => pinned === round)),
        ),
      states: () => dropKeys(this.states, (round) => round < before),
    };
    rules[kind]();
  }

  /** Tensors held: a run must not gather more and more. */
  get count(): number {
    return (
      this.parameters.size +
      this.states.size +
      this.own.size +
      this.sealed.size +
      this.#received.size +
      this.#reduced.size
    );
  }
}

function drop<K, V>(map: Map<K, V>, gone: (value: V) => boolean): void {
  for (const [key, value] of map) if (gone(value)) map.delete(key);
}

function dropKeys<K, V>(map: Map<K, V>, gone: (key: K) => boolean): void {
  for (const key of map.keys()) if (gone(key)) map.delete(key);
}
