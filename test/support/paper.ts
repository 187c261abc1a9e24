import { ok, type openedPayouts } from './payouts.ts';

type World = Awaited<ReturnType<typeof openedPayouts>>;

export const banked = (i: number) => ({
  ...{ rail: 'bank', name: `渔民 ${i}` },
  account: `62220000000000${10 + i}`,
});

/** Owes each so many fen, and lets all of it be sent on one rail. */
export const submittedRun = async (
  world: World,
  rail: 'wechat' | 'bank' | 'cash',
  fen: readonly number[],
): Promise<string> => {
  const { collectors, earn, payer, checker, tick } = world;
  for (const [i, id] of collectors.slice(0, fen.length).entries()) await earn(id, fen[i]!);
  const run = ok(await payer.post('/v1/payout-runs', { rail }));
  await tick();
  ok(await checker.post(`/v1/payout-runs/${run.id}/approve`));
  await tick();
  ok(await payer.post(`/v1/payout-runs/${run.id}/submit`));
  await tick();
  return run.id;
};
