import type { AnyFact } from '../ledger/fact.ts';
import { gramsLeft } from '../supervision/cases.operations.ts';
import { shipmentRefused } from './custody.facts.ts';
import type { Shipment } from './custody.tables.ts';
import type { Received } from './received.facts.ts';
import { type ReceivedTogether, shipmentsReceived } from './together.facts.ts';
import { type Lost, shipmentLost, shipmentUnweighed, type Unweighed } from './unmeasured.facts.ts';

type LotGrams = { lotId: string; grams: number };
export type ReceiveAnswer = {
  id: string;
  state: Shipment['state'];
  /** Null where nothing was weighed. */
  measuredGrams: number | null;
  bookedGrams: number;
  toleranceGrams: number;
  lossGrams: number;
  surplusGrams: number;
  surplusLotId?: string;
  caseId?: string;
  onHold: boolean;
  lots: LotGrams[];
  marks?: { id: string; code: string }[];
  shipments?: Pick<ReceiveAnswer, 'id' | 'bookedGrams' | 'lossGrams' | 'marks'>[];
};

/** What an answer says of a load that was refused. */
const NOTHING_ARRIVED = {
  state: 'refused',
  measuredGrams: 0,
  bookedGrams: 0,
  toleranceGrams: 0,
  lossGrams: 0,
  surplusGrams: 0,
  onHold: false,
  lots: [],
} satisfies Omit<ReceiveAnswer, 'id'>;

const marksAnswer = ({ marks }: Pick<Received, 'marks'>): Pick<ReceiveAnswer, 'marks'> =>
  marks === undefined ? {} : { marks: marks.map(({ markId: id, code }) => ({ id, code })) };

type Weighed = Omit<
  Received,
  'outcome' | 'final' | 'shipmentId' | 'seq' | 'siteId' | 'siteSeq' | 'lots' | 'marks'
>;

const weighedAnswer = (data: Weighed, lots: Received['lots']) => ({
  measuredGrams: data.measuredGrams,
  bookedGrams: data.bookedGrams,
  toleranceGrams: data.toleranceGrams,
  lossGrams: data.lossGrams,
  surplusGrams: data.surplusGrams,
  ...(data.surplus === undefined ? {} : { surplusLotId: data.surplus.lotId }),
  ...(data.case === undefined ? {} : { caseId: data.case.caseId }),
  onHold: data.onHold,
  lots: gramsLeft(lots),
});

const togetherAnswer = (data: ReceivedTogether): ReceiveAnswer => ({
  id: data.loads[0]!.shipmentId,
  state: 'received',
  ...weighedAnswer(
    data,
    data.loads.flatMap((load) => load.lots),
  ),
  shipments: data.loads.map(({ shipmentId: id, bookedGrams, lossGrams, ...load }) => ({
    id,
    bookedGrams,
    lossGrams,
    ...marksAnswer(load),
  })),
});

const lostAnswer = (data: Lost): ReceiveAnswer => ({
  ...NOTHING_ARRIVED,
  id: data.shipmentId,
  state: 'lost',
  measuredGrams: null,
  bookedGrams: data.bookedGrams,
  lossGrams: data.lossGrams,
  ...(data.case === undefined ? {} : { caseId: data.case.caseId }),
  onHold: data.case !== undefined,
  lots: gramsLeft(data.lots),
});

const unweighedAnswer = (data: Unweighed): ReceiveAnswer => ({
  ...NOTHING_ARRIVED,
  id: data.shipmentId,
  state: 'unweighed',
  measuredGrams: null,
  bookedGrams: data.bookedGrams,
  lots: data.lots.map(({ lotId, grams }) => ({ lotId, grams })),
  ...marksAnswer(data),
});

/** What a receipt answers, whichever way the load ended. */
export const receiptAnswer = ({ type, data }: AnyFact): ReceiveAnswer => {
  if (type === shipmentsReceived.type) return togetherAnswer(data as ReceivedTogether);
  if (type === shipmentLost.type) return lostAnswer(data as Lost);
  if (type === shipmentUnweighed.type) return unweighedAnswer(data as Unweighed);
  if (type === shipmentRefused.type) return { id: data.shipmentId, ...NOTHING_ARRIVED };
  const received = data as Received;
  return {
    id: received.shipmentId,
    state: received.final ? received.outcome : 'dispatched',
    ...weighedAnswer(received, received.lots),
    ...marksAnswer(received),
  };
};
