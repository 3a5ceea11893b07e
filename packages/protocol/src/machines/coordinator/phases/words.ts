/** How the reasons begin that say which phase a run has entered: written by the rules, read by whoever shows a run. */
export const phaseWords = {
  gathering: 'waiting for ',
  evaluating: 'evaluation ',
  closing: 'the run is closing: ',
} as const;
