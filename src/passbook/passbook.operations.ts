import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { Keyring } from '../ledger/private-store.ts';
import { actorOf } from '../registry/actor.ts';
import { collectorInPath, expectState, KEEPERS } from '../registry/people.operations.ts';
import { passbookLinkIssued } from './passbook.facts.ts';
import { passbookLinks } from './passbook.tables.ts';

export type LinkInput = { collectorId: string; expiresInDays?: number | undefined };
/** `token` is shown in the first answer only. */
export type LinkAnswer = { id: string; token: string | null; expiresAt: string };

const DAY_MS = 86_400_000;
const LINK_DAYS = 7;
/** 72 bits in 12 characters: short enough for an SMS, and good for once. */
const TOKEN_BYTES = 9;

/**
 * A link that opens a collector's passbook once, for all of their weigh-ins.
 *
 * @param keyring hashes the tokens
 * @param programme whose time zone days are told in, and whose operator stands for natural persons
 */
export const passbookLinkOperation = (
  keyring: Keyring,
  programme: { timeZone: string; operatorId: string },
): Operation<LinkInput, LinkAnswer> => ({
  name: 'passbook.issue-link',
  roles: KEEPERS,
  status: 201,
  decide(world, { collectorId, expiresInDays = LINK_DAYS }, context) {
    const collector = collectorInPath(world, context.caller, collectorId);
    expectState(collector, 'active', 'closed', 'unresolved');
    const token = Buffer.from(context.random(TOKEN_BYTES)).toString('base64url');
    const expiresAt = context.now + expiresInDays * DAY_MS;
    // A token nobody had before has no row to be looked for.
    world.put(passbookLinks, {
      ...{ tokenHash: keyring.bearerHash('passbook-link', token), personId: collectorId },
      ...{ expiresAt, usedAt: null },
    });
    return draft({
      type: passbookLinkIssued,
      ...actorOf(world, context.caller, programme),
      data: {
        ...(collector.siteId === null ? {} : { siteId: collector.siteId }),
        day: dayIn(programme.timeZone, context.now),
      },
      private: { id: context.id, keyId: context.caller.keyId, expiresAt },
      people: [{ personId: collectorId, part: { personId: collectorId } }],
      once: { token },
    });
  },
  answer: ({ private: more }) => ({
    id: more.id,
    token: null,
    expiresAt: new Date(more.expiresAt).toISOString(),
  }),
});
