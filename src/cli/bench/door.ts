import type { Baseline } from './baseline.ts';
import { BASELINE_CONNECTIONS } from './baseline.ts';
import type { Counts } from './counts.ts';
import { recorder } from './fill.ts';
import type { Place } from './place.ts';
import { closedLoop, type Effort, interleave, ratioOf, type Sample } from './rounds.ts';
import { atLeast, type Row, row } from './rows.ts';

const NAME = 'Through the door (whole weigh-in: entry, opening, lot, posting, id)';

/** The door in this process against plain rows, and against the two usual ways to chain rows. */
export const measureDoor = async (
  place: Place,
  baseline: Baseline,
  counts: Counts,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row[]> => {
  const record = recorder(place);
  const call = async (): Promise<void> => {
    await record();
    counts.acknowledged++;
  };
  // What the follower still has to read must not slow whoever comes next.
  const through =
    (callers: number) =>
    async (ms: number): Promise<Sample> => {
      const sample = await closedLoop(callers, ms, call);
      await place.settle();
      return sample;
    };
  const plain = (callers: number, insert: () => Promise<unknown>) => (ms: number) =>
    closedLoop(callers, ms, insert);
  const found = await interleave(
    effort,
    [
      { name: 'plain 1', run: plain(1, baseline.insert) },
      { name: 'door 1', run: through(1) },
      { name: 'plain 64', run: plain(BASELINE_CONNECTIONS, baseline.insert) },
      { name: 'door 64', run: through(64) },
      { name: 'door 256', run: through(256) },
      { name: 'trigger 64', run: plain(64, baseline.insertByTrigger) },
      { name: 'client 64', run: plain(64, baseline.insertByClient) },
    ],
    progress,
  );
  const line = (
    what: string,
    callers: number,
    ours: keyof typeof found,
    base: keyof typeof found,
    goal?: number,
  ): Row => {
    const { perSecond, p50Ms, p99Ms } = found[ours];
    const ratio = ratioOf(found[ours], found[base]);
    return row(NAME, what, {
      callers,
      ours: perSecond,
      baseline: found[base].perSecond,
      p50Ms,
      p99Ms,
      ...(goal === undefined ? { ratio } : atLeast(ratio, goal)),
    });
  };
  return [
    line('weigh-ins', 1, 'door 1', 'plain 1', 1),
    line('weigh-ins', 64, 'door 64', 'plain 64', 3.5),
    line('weigh-ins', 256, 'door 256', 'plain 64', 4),
    line('compare: rows chained by a trigger', 64, 'trigger 64', 'plain 64'),
    line('compare: rows chained by the client', 64, 'client 64', 'plain 64'),
  ];
};
