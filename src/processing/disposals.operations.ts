import type { VoidOperation } from '../http/voiding.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { sumGrams, usableLots } from '../lots/lots.ts';
import { givenBack, lotGrams } from '../lots/undo.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { assertPast } from '../registry/clock.ts';
import { disposalVoided, materialDisposed } from './disposals.facts.ts';
import type { DisposalRequest } from './disposals.schema.ts';
import { disposals } from './disposals.tables.ts';
import { PROCESSORS } from './processing.operations.ts';

export type DisposalAnswer = {
  id: string;
  way: string;
  grams: number;
  measuredGrams: number | null;
  lots: { lotId: string; grams: number }[];
};

/** A disposal is worth its paper: 422 `no_manifest`, `no_waste_code`, `no_licence` for what is missing. */
const assertPaper = ({ manifest, wasteCode, receiver }: DisposalRequest): void => {
  if (manifest === undefined)
    throw unprocessable('no_manifest', '/manifest', 'a disposal names the number of its waste manifest');
  if (wasteCode === undefined)
    throw unprocessable('no_waste_code', '/wasteCode', 'a disposal names the code of the waste');
  if (receiver?.licence === undefined)
    throw unprocessable('no_licence', '/receiver/licence', 'a disposal names the plant and its licence');
};

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const disposalOperations = (programme: {
  timeZone: string;
  operatorId: string;
}): { dispose: Operation<DisposalRequest, DisposalAnswer>; voidDisposal: VoidOperation } => ({
  dispose: {
    name: 'material.dispose',
    roles: PROCESSORS,
    status: 201,
    decide(world, input, { caller, id, now }) {
      const {
        way = 'disposal',
        disposedAt,
        measuredGrams,
        manifest,
        wasteCode,
        receiver,
        vehicle,
        note,
      } = input;
      if (way === 'disposal') assertPaper(input);
      assertPast(disposedAt, now, '/disposedAt');
      const site = reachableSite(world, caller, input.siteId);
      const lots = usableLots(world, caller, site, input.lots).map(({ use }) => use);
      return draft({
        type: materialDisposed,
        ...actorOf(world, caller, programme),
        data: {
          disposalId: id,
          siteId: site.id,
          way,
          day: dayIn(programme.timeZone, Date.parse(disposedAt)),
          lots,
          grams: sumGrams(lots),
          ...(measuredGrams === undefined ? {} : { measuredGrams }),
        },
        private: {
          keyId: caller.keyId,
          disposedAt,
          ...(manifest === undefined ? {} : { manifest }),
          ...(wasteCode === undefined ? {} : { wasteCode }),
          ...(receiver === undefined ? {} : { receiver }),
          ...(vehicle === undefined ? {} : { vehicle }),
          ...(note === undefined ? {} : { note }),
        },
      });
    },
    answer: ({ data: { disposalId: id, way, grams, measuredGrams = null, lots } }) => ({
      id,
      way,
      grams,
      measuredGrams,
      lots,
    }),
  },
  voidDisposal: {
    name: 'material.void-disposal',
    roles: PROCESSORS,
    status: 201,
    decide(world, { subjectId, reason }, { caller }) {
      const disposal = world.get(disposals, subjectId);
      if (disposal === undefined || !mayReach(caller, disposal.organisationId, disposal.siteId))
        throw notFound('disposal');
      const { id: disposalId, seq: disposedSeq, lastSeq: seq, siteId, state, lots } = disposal;
      if (state === 'voided')
        throw conflict('already_voided', 'This disposal was voided already.', { disposalId, seq });
      return draft({
        type: disposalVoided,
        ...actorOf(world, caller, programme),
        data: { disposalId, seq, disposedSeq, lots: givenBack(world, lots, { siteId }) },
        private: { keyId: caller.keyId, reason },
      });
    },
    answer: ({ data }) => ({ id: data.disposalId, state: 'voided', lots: lotGrams(data.lots) }),
  },
});
