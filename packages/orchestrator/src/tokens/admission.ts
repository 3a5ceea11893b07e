/** Who may join a run that asks for tokens. */
import { randomBytes } from 'node:crypto';
import { openToAll } from '../coordinator/admission.ts';
import type { Admission, AdmissionAnswer } from '../coordinator/admission.ts';
import type { RunPaths } from '../store/run-directory.ts';
import { refusalSentence } from './refusal-sentence.ts';
import { TokenStore } from './token-store.ts';
import { TOKEN_BYTES } from './token-text.ts';

/** Judges by the tokens in the store, which others may change meanwhile. */
function byToken(tokens: TokenStore, own: number): Admission & Disposable {
  const now = Date.now();
  // Those of an earlier coordinator are in nobody's hands any more.
  tokens.revokeAll(TokenStore.OWN, now);
  const { text: ownToken } = tokens.issue(
    { label: TokenStore.OWN, uses: own, expiresAt: null },
    randomBytes(TOKEN_BYTES),
    now,
  );
  return {
    ownToken,
    check: (peer, token): AdmissionAnswer => {
      const verdict = tokens.admit(token, peer, Date.now());
      if (verdict.admitted) return { admitted: true };
      const code = verdict.code === 'TOKEN_MISSING' ? 'TOKEN_REQUIRED' : 'TOKEN_REFUSED';
      return { admitted: false, code, reason: refusalSentence(verdict.reason) };
    },
    [Symbol.dispose]: () => tokens[Symbol.dispose](),
  };
}

/**
 * What a run asks of who wants to join: a token where this start or an earlier one said so, else nothing.
 * @param own workers that the coordinator starts itself
 * @throws CorruptFileError
 */
export function admissionOf({ directory }: RunPaths, requireToken: boolean, own: number): Admission & Disposable {
  const tokens = requireToken ? TokenStore.open(directory) : TokenStore.find(directory);
  if (tokens !== null && requireToken) tokens.required = true;
  if (tokens?.required === true) return byToken(tokens, Math.max(1, own));
  tokens?.[Symbol.dispose]();
  return { ...openToAll, [Symbol.dispose]: () => undefined };
}
