import { type Answer, type Call, caller, inLanes, until } from './client.ts';
import { demoId } from './jiaojiang.ts';
import type { DemoRail } from './rail.ts';

const LANES = 8;

export type Payout = {
  /** People and fen of the run, as its orders say. */
  people: number;
  fen: number;
  /** As the rail says: no more transfers than people, the one whose answer was lost included. */
  transfers: number;
  railFen: number;
  /** Orders whose answer was lost, which were asked for, and are paid. */
  recovered: number;
};

/** Two people of an organisation that pays: one makes, the other approves. */
export const payersOf = async (operator: Call, url: string): Promise<{ maker: Call; checker: Call }> => {
  const organisationId = demoId('organisation payer');
  await operator('POST', '/v1/organisations', {
    id: organisationId,
    name: '椒江蓝碳结算中心',
    kind: 'payer',
  });
  const keyOf = async (holder: string): Promise<Call> => {
    const { secret } = await operator('POST', '/v1/api-keys', { organisationId, role: 'payer', holder });
    return caller(url, secret);
  };
  return { maker: await keyOf('王会计'), checker: await keyOf('李出纳') };
};

/**
 * Pays these collectors what they are owed over the rail, as one run: made by one, approved by another, sent. The answer to
 * the first sending is lost; it is asked for under its own number, and paid once.
 */
export const payOverRail = async (
  operator: Call,
  { maker, checker }: { maker: Call; checker: Call },
  collectorIds: readonly string[],
  rail: DemoRail,
): Promise<Payout> => {
  await inLanes(LANES, collectorIds, (id, i) =>
    operator('POST', `/v1/collectors/${id}/payee`, { rail: 'wechat', account: `o-demo-${i}` }, `payee ${id}`),
  );
  const opened = await maker('POST', '/v1/payout-runs', { id: demoId('run'), rail: 'wechat', collectorIds });
  const run = `/v1/payout-runs/${opened.id}`;
  const drafted = await until(
    () => maker('GET', run),
    ({ state }) => state !== 'drafting',
  );
  const seen = { count: drafted.draftedCount, total: drafted.draftedTotal };
  const funds = {
    from: { kind: 'capital' },
    to: { kind: 'rail' },
    amount: { amount: seen.total, currency: 'CNY' },
  };
  await maker('POST', '/v1/transfers', { id: demoId('rail funds'), ...funds });
  await checker('POST', `${run}/approve`, seen, 'approve run');
  rail.loseAnAnswer();
  await maker('POST', `${run}/submit`, undefined, 'submit run');
  const { orders } = await until(
    () => maker('GET', run),
    ({ orders }) => orders.every(({ state }: Answer) => state === 'paid'),
  );
  const { items } = await maker('GET', `/v1/payout-orders?runId=${opened.id}&limit=1000`);
  const details = await inLanes(LANES, items as Answer[], ({ id }) =>
    maker('GET', `/v1/payout-orders/${id}`),
  );
  const { transfers, fen } = rail.paid();
  return {
    people: orders[0].count,
    fen: orders[0].amount,
    transfers,
    railFen: fen,
    recovered: details.filter(({ steps }) => steps.some(({ outcome }: Answer) => outcome === 'unknown'))
      .length,
  };
};
