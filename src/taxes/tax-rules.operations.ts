import { unprocessable } from '../kernel/errors.ts';
import { NIL } from '../kernel/ids.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { organisations } from '../registry/registry.tables.ts';
import { taxRulePublished } from './tax-rules.facts.ts';
import type { TaxRuleRequest } from './tax-rules.schema.ts';
import { taxSchedules } from './taxes.tables.ts';

/** How long ago a rule that starts "now" may have started when it arrives. */
const BEHIND_MS = 10 * 60_000;

const twice = (values: readonly string[]): number => values.findIndex((v, i) => values.indexOf(v) < i);

/** 422 `duplicate_kind`, `duplicate_issuer` where a rule says two things of one. */
const assertClear = ({ flat, reverseInvoicing }: TaxRuleRequest): void => {
  const again = twice(flat.map(({ kind }) => kind));
  if (again !== -1) throw unprocessable('duplicate_kind', `/flat/${again}`, 'name each kind once');
  const kind = twice(reverseInvoicing?.kinds ?? []);
  if (kind !== -1)
    throw unprocessable('duplicate_kind', `/reverseInvoicing/kinds/${kind}`, 'name each kind once');
  const issuer = twice(reverseInvoicing?.issuers.map(({ organisationId }) => organisationId) ?? []);
  if (issuer !== -1)
    throw unprocessable('duplicate_issuer', `/reverseInvoicing/issuers/${issuer}`, 'name each buyer once');
};

/** Publishes which tax is withheld. 422 also for a start in the past: what was paid then was taxed already. */
export const publishTaxRule = (programme: {
  currency: string;
}): Operation<TaxRuleRequest, { id: string; version: number; startsAt: string }> => ({
  name: 'tax-rule.publish',
  roles: ['operator'],
  status: 201,
  decide(world, input, { caller, id, now }) {
    const { source, startsAt, currency = programme.currency, reverseInvoicing, flat } = input;
    if (Date.parse(startsAt) < now - BEHIND_MS)
      throw unprocessable(
        'already_started',
        '/startsAt',
        'must not lie in the past; name a moment from now on',
      );
    assertClear(input);
    const issuers = reverseInvoicing?.issuers ?? [];
    world.need(
      organisations,
      issuers.map(({ organisationId }) => organisationId),
    );
    for (const [i, { organisationId }] of issuers.entries())
      if (world.get(organisations, organisationId) === undefined)
        throw unprocessable(
          'unknown_organisation',
          `/reverseInvoicing/issuers/${i}/organisationId`,
          'no such organisation',
        );
    return draft({
      type: taxRulePublished,
      data: { version: (world.get(taxSchedules, NIL)?.starts.length ?? 0) + 1 },
      private: {
        ...{ keyId: caller.keyId, ruleId: id, source, startsAt, currency, flat },
        ...(reverseInvoicing === undefined ? {} : { reverseInvoicing }),
      },
    });
  },
  answer: ({ data, private: { ruleId: id, startsAt } }) => ({ id, version: data.version, startsAt }),
});
