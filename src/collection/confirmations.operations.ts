import { conflict, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import type { World } from '../ledger/world.ts';
import { actorOf } from '../registry/actor.ts';
import { confirmationLinks } from '../registry/cards.tables.ts';
import { WEIGHERS } from './collection.operations.ts';
import { collectionConfirmed, linkIssued } from './confirmations.facts.ts';
import type { ConfirmationRequest, LinkRequest } from './confirmations.schema.ts';
import { confirmationKey, confirmations } from './confirmations.tables.ts';
import { type Original, weighInAt, weighInFound } from './corrections.operations.ts';
import { seenSha256 } from './seen.ts';
import { actorThrough, partOf, speakerOf, speakingPerson, type Voice } from './voice.ts';

type Method = ConfirmationRequest['method'];
export type ConfirmInput = {
  original: Original;
  voice: Voice;
  method: Method;
  evidence?: string[] | undefined;
  seenSha256?: string | undefined;
};
export type ConfirmAnswer = { id: string; method: string; seenSha256: string };
export type LinkInput = LinkRequest & { original: Original };
/** `token` is shown in the first answer only. */
export type LinkAnswer = { id: string; token: string | null; expiresAt: string };

const DAY_MS = 86_400_000;
const LINK_DAYS = 7;

/**
 * @param keyring hashes the tokens of links
 * @param programme whose time zone days are told in, and whose operator stands for natural persons
 */
export const confirmationOperations = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): {
  confirmCollection: Operation<ConfirmInput, ConfirmAnswer>;
  issueLink: Operation<LinkInput, LinkAnswer>;
} => ({
  confirmCollection: {
    name: 'collection.confirm',
    roles: [...WEIGHERS, 'programme'],
    status: 201,
    decide(world, { original: fact, voice, method, evidence, seenSha256: said }, context) {
      const { original, now, lot, site } = weighInAt(world, context.caller, fact);
      const { party, personId } = speakerOf(world, original, voice, context);
      if (party === null)
        throw unprocessable('nobody_named', '/method', 'the weigh-in names nobody who could confirm it');
      const seen = seenSha256(now);
      refuseOther(said, seen);
      refuseRepeated(world, confirmationKey(lot.id, party), seen);
      return draft({
        type: collectionConfirmed,
        ...actorOf(world, context.caller, programme),
        ...actorThrough(voice, programme),
        data: { siteId: site.id, day: dayIn(programme.timeZone, context.now) },
        private: {
          keyId: context.caller.keyId,
          collectionId: now.collectionId,
          lotId: lot.id,
          party,
          method,
          seenSha256: seen,
        },
        people: partOf({ party, personId }, evidence === undefined ? {} : { evidence }),
      });
    },
    answer: ({ private: more }) => ({
      id: more.collectionId,
      method: more.method,
      seenSha256: more.seenSha256,
    }),
  },
  issueLink: {
    name: 'collection.issue-link',
    roles: WEIGHERS,
    status: 201,
    decide(world, { original: fact, collectorId, expiresInDays = LINK_DAYS }, context) {
      const { original, now, site } = weighInFound(world, context.caller, fact);
      const speaker = speakerOf(world, original, { by: 'station', collectorId }, context);
      if (speaker.party === null)
        throw unprocessable('nobody_named', '/collectorId', 'the weigh-in names nobody to give a link to');
      const personId = speakingPerson(world, speaker);
      const token = Buffer.from(context.random(32)).toString('base64url');
      const expiresAt = context.now + expiresInDays * DAY_MS;
      const tokenHash = keyring.bearerHash('link', token);
      const { collectionId } = now;
      // A token nobody had before has no row to be looked for.
      world.put(confirmationLinks, { tokenHash, personId, collectionId, expiresAt, usedSeq: null });
      return draft({
        type: linkIssued,
        ...actorOf(world, context.caller, programme),
        data: { siteId: site.id, day: dayIn(programme.timeZone, context.now) },
        private: {
          id: context.id,
          keyId: context.caller.keyId,
          collectionId,
          party: speaker.party,
          expiresAt,
        },
        people: partOf(speaker),
        once: { token },
      });
    },
    answer: ({ private: more }) => ({
      id: more.id,
      token: null,
      expiresAt: new Date(more.expiresAt).toISOString(),
    }),
  },
});

const refuseOther = (said: string | undefined, seen: string): void => {
  if (said !== undefined && said !== seen)
    throw conflict('values_changed', 'The values are others by now; look at them again.', {
      seenSha256: seen,
    });
};

/** Confirmed values are confirmed once; what a correction made of them may be confirmed anew. */
const refuseRepeated = (world: World, key: string, seen: string): void => {
  const before = world.get(confirmations, key);
  if (before?.seenSha256 === seen)
    throw conflict('already_confirmed', 'These values were confirmed.', { seq: before.seq });
};
