import type { VoidOperation } from '../http/voiding.ts';
import { conflict, notFound } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { unusedLots } from '../lots/undo.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { assertPast } from '../registry/clock.ts';
import { outsideMaterialAdmitted, outsideMaterialVoided } from './outside.facts.ts';
import type { OutsideRequest } from './outside.schema.ts';
import { outsideMaterials } from './outside.tables.ts';
import { assertCertificate, outsideClaim, outsideMarks } from './outside.ts';

/** Who may admit outside material. */
export const ADMITTERS = ['operator', 'station', 'warehouse', 'recycler'] as const;

export type OutsideAnswer = {
  id: string;
  lot: { id: string; grams: number; claimableGrams: number };
  originClass: string;
  marks: string[];
};

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const outsideOperations = (programme: {
  timeZone: string;
  operatorId: string;
}): {
  admitOutsideMaterial: Operation<OutsideRequest, OutsideAnswer>;
  voidOutsideMaterial: VoidOperation;
} => ({
  admitOutsideMaterial: {
    name: 'outside-material.admit',
    roles: ADMITTERS,
    status: 201,
    decide(world, input, { caller, id, now, newId }) {
      const { kind, material, form, grams, at, certificate, supplier, invoiceSha256, note } = input;
      assertPast(at, now, '/at');
      const site = reachableSite(world, caller, input.siteId);
      assertCertificate(input);
      const day = dayIn(programme.timeZone, at === undefined ? now : Date.parse(at));
      const marks = outsideMarks(input, { day, siteState: site.state });
      return draft({
        type: outsideMaterialAdmitted,
        ...actorOf(world, caller, programme),
        data: {
          lotId: newId(),
          siteId: site.id,
          day,
          kind,
          material,
          form,
          grams,
          ...outsideClaim(input, marks),
          marks,
        },
        private: {
          id,
          keyId: caller.keyId,
          ...(at === undefined ? {} : { at }),
          ...(certificate === undefined ? {} : { certificate }),
          ...(supplier === undefined ? {} : { supplier }),
          ...(invoiceSha256 === undefined ? {} : { invoiceSha256 }),
          ...(note === undefined ? {} : { note }),
        },
      });
    },
    answer({ data, private: more }) {
      const { lotId, grams, claimableGrams, originClass, marks } = data;
      return { id: more.id, lot: { id: lotId, grams, claimableGrams }, originClass, marks };
    },
  },
  voidOutsideMaterial: {
    name: 'outside-material.void',
    roles: ADMITTERS,
    status: 201,
    decide(world, { subjectId, reason }, { caller }) {
      const row = world.get(outsideMaterials, subjectId);
      if (row === undefined || !mayReach(caller, row.organisationId, row.siteId))
        throw notFound('outside material');
      const { id, siteId, lastSeq: seq, seq: admittedSeq, state } = row;
      if (state === 'voided')
        throw conflict('already_voided', 'This admission was voided already.', { id, seq });
      const [lot] = unusedLots(world, [row], { siteId });
      return draft({
        type: outsideMaterialVoided,
        ...actorOf(world, caller, programme),
        data: { lot: lot!, siteId, admittedSeq },
        private: { id, keyId: caller.keyId, reason },
      });
    },
    answer: ({ private: { id } }) => ({ id, state: 'voided', lots: [] }),
  },
});
