import { conflict, notFound } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { type Programme, RECEIVERS } from './declarations.operations.ts';
import type { ReasonRequest } from './declarations.schema.ts';
import { declarations } from './declarations.tables.ts';
import { noteNumber } from './pollutants.ts';
import { receptionVoided } from './receptions.facts.ts';
import { receptions } from './receptions.tables.ts';
import { stockOf, usableStock } from './stock.ts';

export type VoidAnswer = { id: string };

/**
 * Takes a reception back that was typed wrongly; the right one is received anew, under a note of its own. 409
 * `not_enough` while less is left than it brought: what went on is undone first, or the rest is said to be a loss.
 *
 * @param programme whose operator stands for natural persons
 */
export const voidReception = (
  programme: Programme,
): Operation<ReasonRequest & { receptionId: string }, VoidAnswer> => ({
  name: 'pollutant-reception.void',
  roles: RECEIVERS,
  status: 201,
  decide(world, { receptionId, reason }, { caller }) {
    const row = world.get(receptions, receptionId);
    if (row === undefined || !mayReach(caller, row.organisationId, row.siteId)) throw notFound('reception');
    if (row.voidReason !== null)
      throw conflict('voided_already', 'The reception is voided already.', {
        id: row.id,
        number: noteNumber(row.notePrefix, row.noteYear, row.noteRunning),
      });
    const items = row.items.map(({ material, grams, millilitres = 0 }) => {
      const stock = stockOf(world, row.siteId, material);
      const left = stock.inMillilitres - stock.outMillilitres;
      // Draws took millilitres in proportion, so that less than it brought may be left of them.
      return {
        ...usableStock(world, row.siteId, { material, grams }),
        millilitres: Math.min(millilitres, left),
      };
    });
    const call = row.declarationId === null ? undefined : world.get(declarations, row.declarationId);
    return draft({
      type: receptionVoided,
      ...actorOf(world, caller, programme),
      data: { siteId: row.siteId, day: row.day, reception: row.seq, items },
      private: {
        keyId: caller.keyId,
        receptionId,
        reason,
        ...(call === undefined ? {} : { declaration: { declarationId: call.id, seq: call.lastSeq } }),
      },
    });
  },
  answer: ({ private: { receptionId: id } }) => ({ id }),
});
