/** What a volunteer is told whose token does not let it in: a verdict's reason, and what to do. */
export const refusalSentence = (reason: string): string =>
  `${reason.charAt(0).toUpperCase()}${reason.slice(1)}. Ask the owner of the run for a new link.`;
