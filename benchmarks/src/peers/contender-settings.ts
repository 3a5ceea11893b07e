/** What the benchmark tells a contender's process when it starts it: JSON in its only parameter. */
export interface ContenderSettings {
  /** Threads that compute, for those that let themselves be told. */
  readonly threads: number;
  /** Whether idle pool threads may spin: each contender has its turn alone. */
  readonly spin: boolean;
}

export const contenderSettings = (): ContenderSettings => JSON.parse(process.argv[2] ?? '{}') as ContenderSettings;
