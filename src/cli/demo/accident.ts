import { type Call, caller, type Place } from './client.ts';
import { demoId } from './jiaojiang.ts';
import { awaitMark } from './watch.ts';

const BAGS = 10;
const GRAMS = 10_000;

/** What a load was booked and weighed at while it was on hold, and its lots once it was free. */
export type Held = { bookedGrams: number; measuredGrams: number; outcome: string; lotIds: string[] };

/**
 * An honest accident: the keeper types a zero too many into the tenth bag. The truck weighs less than was booked, so
 * the load goes on hold; the station corrects the bag, and two people of the certifier find the case explained. They also
 * clear the mark that the rule in force had set on the bag: it was right, and the bag is in order now.
 */
export const accident = async (
  operator: Call,
  url: string,
  station: Place,
  warehouse: Place,
): Promise<Held> => {
  const lotIds: string[] = [];
  for (let i = 0; i < BAGS; i++) {
    const typed = i === BAGS - 1 ? GRAMS * 10 : GRAMS;
    const { lot } = await station.call('POST', '/v1/collections', bag(i, station.siteId, typed));
    lotIds.push(lot.id);
  }
  const id = demoId('shipment of the accident');
  await station.call('POST', '/v1/shipments', {
    id,
    fromSiteId: station.siteId,
    toSiteId: warehouse.siteId,
    lots: lotIds.map((lotId) => ({ lotId })),
  });
  const receipt = await warehouse.call(
    'POST',
    `/v1/shipments/${id}/receipt`,
    { measuredGrams: BAGS * GRAMS },
    'receipt of the accident',
  );
  const { markId } = await awaitMark(operator, station.siteId);
  const tenth = `/v1/collections/${bagId(BAGS - 1)}`;
  const correction = { grossGrams: GRAMS, reason: '第十袋多打了一个零' };
  await station.call('POST', `${tenth}/correction`, correction, 'correction of the accident');
  const decision = { outcome: 'explained', note: '第十袋已更正' };
  const path = `/v1/cases/${receipt.caseId}/decision`;
  const [first, second] = await certifiers(operator, url);
  await first!('POST', path, decision, 'case proposed');
  const { outcome } = await second!('POST', path, decision, 'case decided');
  const clearing = { note: decision.note };
  await first!('POST', `/v1/marks/${markId}/clearings`, clearing, 'clearing proposed');
  await second!('POST', `/v1/marks/${markId}/clearings`, clearing, 'mark cleared');
  return { bookedGrams: receipt.bookedGrams, measuredGrams: receipt.measuredGrams, outcome, lotIds };
};

const bagId = (i: number): string => demoId(`bag ${i} of the accident`);

const bag = (i: number, siteId: string, grossGrams: number) => ({
  id: bagId(i),
  siteId,
  collectorId: demoId(`collector ${i * 11}`),
  material: 'pet',
  form: 'bottle',
  originClass: 'sea-recovered',
  originEvidence: 'position',
  grossGrams,
  tareGrams: 0,
  basis: 'weighed',
  collectedAt: `2026-10-30T0${i}:15:00+08:00`,
});

/** Two people who do not profit: they have no part in what was weighed. */
const certifiers = async (operator: Call, url: string): Promise<Call[]> => {
  const organisationId = demoId('certifier');
  await operator('POST', '/v1/organisations', { id: organisationId, name: '浙海认证', kind: 'certifier' });
  const calls: Call[] = [];
  for (const holder of ['审核员 甲', '审核员 乙']) {
    const key = { organisationId, role: 'certifier', holder };
    const { secret } = await operator('POST', '/v1/api-keys', key);
    calls.push(caller(url, secret));
  }
  return calls;
};
