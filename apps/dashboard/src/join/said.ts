/** What an action of a person's came to, said beside its button. */
export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

export const done = (text: string): Said => ({ ok: true, text });

/** The sentences of anything thrown: the product's errors end with what to do. */
export const failed = (thrown: unknown): Said => ({ ok: false, text: sentencesOf(thrown) });

export const sentencesOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
