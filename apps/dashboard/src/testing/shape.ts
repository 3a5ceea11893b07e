/** How big a made-up run is. */
export interface MockShape {
  readonly seed: number;
  readonly members: number;
  readonly targetRounds: number;
  /** Rounds that lie behind when the server starts. */
  readonly rounds: number;
  readonly microBatch: number;
  readonly microBatches: number;
  readonly roundMs: number;
  readonly paid: boolean;
}

export const mockShape = (given: Partial<MockShape> = {}): MockShape => {
  const members = given.members ?? 12;
  return {
    seed: 1,
    members,
    targetRounds: 1200,
    rounds: 764,
    microBatch: 128,
    microBatches: Math.max(32, members * 2),
    roundMs: 840,
    paid: true,
    ...given,
  };
};
