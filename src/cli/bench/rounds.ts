/** What closed-loop callers achieved in one round: each asks again as soon as it was answered. */
export type Sample = { count: number; perSecond: number; p50Ms: number; p99Ms: number };

/** The share `q` of the sorted values lies at or below the result; NaN of none. */
export const quantile = (sorted: ArrayLike<number>, q: number): number =>
  sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** @param latencies milliseconds of each answer @param count what was done, when an answer stands for several */
export const toSample = (latencies: number[], elapsedMs: number, count = latencies.length): Sample => {
  const sorted = Float64Array.from(latencies).sort();
  return {
    count,
    perSecond: (count * 1_000) / elapsedMs,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
};

/** Runs `callers` loops for `ms` milliseconds; what was begun is waited for and counted. Throws what a call throws. */
export const closedLoopLatencies = async (
  callers: number,
  ms: number,
  call: (caller: number) => Promise<unknown>,
): Promise<{ latencies: number[]; elapsedMs: number }> => {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + ms;
  const loop = async (caller: number): Promise<void> => {
    for (let now = performance.now(); now < end; ) {
      const asked = now;
      await call(caller);
      now = performance.now();
      latencies.push(now - asked);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)));
  return { latencies, elapsedMs: performance.now() - start };
};

export const closedLoop = async (
  callers: number,
  ms: number,
  call: () => Promise<unknown>,
): Promise<Sample> => {
  const { latencies, elapsedMs } = await closedLoopLatencies(callers, ms, call);
  return toSample(latencies, elapsedMs);
};

export type Variant = { name: string; run: (ms: number) => Promise<Sample> };
export type Effort = { rounds: number; roundMs: number };

/** Medians of a variant's rounds, with the rounds themselves. */
export type Measured = Sample & { rounds: Sample[] };

/**
 * Runs all variants one after the other, round by round, so that what slows the machine for a while slows them
 * all. A shorter first round is thrown away.
 */
export const interleave = async <Name extends string>(
  effort: Effort,
  variants: readonly (Variant & { name: Name })[],
  progress: (text: string) => void,
): Promise<Record<Name, Measured>> => {
  const samples = new Map<Name, Sample[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round <= effort.rounds; round++) {
    for (const { name, run } of variants) {
      progress(`round ${round} of ${effort.rounds}: ${name}`);
      const sample = await run(round === 0 ? effort.roundMs / 2 : effort.roundMs);
      if (round > 0) samples.get(name)!.push(sample);
    }
  }
  return Object.fromEntries([...samples].map(([name, rounds]) => [name, summarise(rounds)])) as Record<
    Name,
    Measured
  >;
};

const summarise = (rounds: Sample[]): Measured => ({
  count: rounds.reduce((sum, { count }) => sum + count, 0),
  perSecond: median(rounds.map((s) => s.perSecond)),
  p50Ms: median(rounds.map((s) => s.p50Ms)),
  p99Ms: median(rounds.map((s) => s.p99Ms)),
  rounds,
});

/** The median of the ratios within each round. */
export const ratioOf = (ours: Measured, baseline: Measured): number =>
  median(ours.rounds.map((sample, i) => sample.perSecond / baseline.rounds[i]!.perSecond));
