import { passbookHolder } from '../collection/voice.ts';
import { conflict, forbidden, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { type DecideContext, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { actorOf } from '../registry/actor.ts';
import type { Bearer } from '../registry/cards.ts';
import { collectorInPath, expectState, KEEPERS } from '../registry/people.operations.ts';
import { collectors } from '../registry/registry.tables.ts';
import { incomeStatements } from './passbook.tables.ts';
import { incomeStatementIssued, incomeStatementRevoked } from './statements.facts.ts';

/** How somebody agrees: with a card and its PIN, through an open passbook, or with a mark a station has a photo of. */
export type Consent =
  | { by: 'card'; card: Bearer }
  | { by: 'passbook'; card: Bearer | null }
  | { by: 'mark'; evidence: string[] };

export type IssueInput = {
  personId: string;
  consent: Consent;
  lender: string;
  codeHash: string;
  sha256: string;
  payload: string;
  expiresAt: number;
};
/** `payload` is null once the person was erased. */
export type IssueAnswer = { id: string; payload: string | null; expiresAt: string };
export type RevokeInput = {
  id: string;
  personId: string;
  consent: Pick<Consent, 'by'> & { card?: Bearer | null };
};

/** Who agrees is the person in the path, still there. 422 `not_theirs` for a card of somebody else. */
const agreeing = (
  world: World,
  context: DecideContext,
  personId: string,
  consent: { by: string; card?: Bearer | null },
) => {
  if (consent.by === 'passbook') passbookHolder(world, { personId, card: consent.card ?? null });
  else {
    if (context.caller.role === 'programme') throw forbidden('Only a station records a mark or a card.');
    expectState(collectorInPath(world, context.caller, personId), 'active', 'closed');
    if (consent.card != null) {
      if (consent.card.personId !== personId)
        throw unprocessable('not_theirs', '/card', 'is of somebody else');
      passbookHolder(world, { personId, card: consent.card });
    }
  }
  const { siteId } = world.get(collectors, personId)!;
  return siteId === null ? {} : { siteId };
};

const wayOf = (consent: Consent): 'pin' | 'sms' | 'mark' => {
  if (consent.by === 'mark') return 'mark';
  return consent.card === null ? 'sms' : 'pin';
};

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const statementOperations = (programme: {
  timeZone: string;
  operatorId: string;
}): {
  issueStatement: Operation<IssueInput, IssueAnswer>;
  revokeStatement: Operation<RevokeInput, { id: string; state: 'revoked' }>;
} => {
  const common = (world: World, context: DecideContext, by: string) => ({
    ...actorOf(world, context.caller, programme),
    ...(by === 'passbook' ? { actor: programme.operatorId } : {}),
  });
  return {
    issueStatement: {
      name: 'income-statement.issue',
      roles: [...KEEPERS, 'programme'],
      status: 201,
      decide(world, { personId, consent, lender, payload, ...more }, context) {
        const site = agreeing(world, context, personId, consent);
        const evidence = consent.by === 'mark' ? { evidence: consent.evidence } : {};
        return draft({
          type: incomeStatementIssued,
          ...common(world, context, consent.by),
          data: { ...site, day: dayIn(programme.timeZone, context.now) },
          private: { id: context.id, keyId: context.caller.keyId, ...more },
          people: [{ personId, part: { personId, lender, way: wayOf(consent), ...evidence, payload } }],
        });
      },
      answer: ({ private: more, people: [person] }) => ({
        id: more.id,
        payload: (person?.part.payload as string | undefined) ?? null,
        expiresAt: new Date(more.expiresAt).toISOString(),
      }),
    },
    revokeStatement: {
      name: 'income-statement.revoke',
      roles: [...KEEPERS, 'programme'],
      status: 200,
      decide(world, { id, personId, consent }, context) {
        const site = agreeing(world, context, personId, consent);
        const statement = world.get(incomeStatements, id)!;
        if (statement.revokedAt !== null)
          throw conflict('already_revoked', 'This statement was revoked.', { seq: statement.lastSeq });
        return draft({
          type: incomeStatementRevoked,
          ...common(world, context, consent.by),
          data: { ...site, day: dayIn(programme.timeZone, context.now) },
          private: { id, keyId: context.caller.keyId },
          people: [{ personId, part: { personId } }],
        });
      },
      answer: ({ private: more }) => ({ id: more.id, state: 'revoked' }),
    },
  };
};
