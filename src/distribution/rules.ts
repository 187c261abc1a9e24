import { z } from 'zod';
import { INCOME } from '../accounts/income.ts';
import { Receipt } from '../http/route.ts';
import { unprocessable } from '../kernel/errors.ts';
import { NIL } from '../kernel/ids.ts';
import { Id } from '../kernel/values.ts';
import { INCOME_KINDS } from '../kernel/vocabulary.ts';
import { draft, type FactType, type Operation } from '../ledger/fact.ts';
import { distributionRuleCounts, distributionRules } from './distribution.tables.ts';
import { type Base, HoldBack, Reference, Share } from './split.ts';

/** The rate that is taken out of what was received, such as 1,300 for 13 %. */
const VatBasisPoints = z.int().min(0).max(10_000);

const Published = z.strictObject({
  version: z.int().min(1),
  shares: z.array(Share),
  holdBack: HoldBack,
  vatBasisPoints: VatBasisPoints.optional(),
  /** Left out: a price supplement. */
  income: z.enum(INCOME_KINDS).optional(),
});
/** A price is never public (ledger format, "What is open and what is sealed"). */
const PublishedPrivate = z.strictObject({ keyId: Id, ruleId: Id, reference: Reference.optional() });

export const distributionRulePublished: FactType<
  z.infer<typeof Published>,
  z.infer<typeof PublishedPrivate>
> = {
  type: 'distribution-rule.published.v1',
  title: { en: 'Rule of the second distribution published', zh: '二次返利规则发布' },
  data: Published,
  private: PublishedPrivate,
  grams: 'none',
  fen: 'None move; it holds for receipts recorded after it, until the next rule.',
  backPointers: [],
  apply(world, { seq, data, private: { ruleId: id, reference = null } }) {
    const { version, shares, holdBack, vatBasisPoints = null, income = INCOME.premium } = data;
    const rule = { shares, holdBack, vatBasisPoints, reference, income };
    world.put(distributionRules, { id, version, seq, lastSeq: seq, ...rule });
    world.put(distributionRuleCounts, { id: NIL, versions: version, lastSeq: seq });
  },
};

export const RuleRequest = z.strictObject({
  id: Id.optional(),
  shares: z.array(Share).min(1).max(9),
  holdBack: HoldBack.default({ basisPoints: 0, days: 0 }),
  vatBasisPoints: VatBasisPoints.optional(),
  income: z.enum(INCOME_KINDS).default(INCOME.premium).meta({
    description: 'What it is to collectors: taxed as that kind of income by the tax rule in force.',
  }),
  reference: Reference.optional().meta({ description: 'Shown to nobody but operator and auditor.' }),
});
export type RuleRequest = z.infer<typeof RuleRequest>;

export const RuleAnswer = z
  .object({ id: Id, version: z.int(), receipt: Receipt })
  .meta({ id: 'DistributionRulePublished' });

const assertClear = ({ shares, vatBasisPoints, reference }: RuleRequest): void => {
  const sums = new Map<Base, number>();
  for (const [i, { to, base, basisPoints }] of shares.entries()) {
    if (shares.findIndex((other) => other.to === to && other.base === base) < i)
      throw unprocessable(
        'duplicate_share',
        `/shares/${i}`,
        'names the same recipient and base again; add them up',
      );
    const sum = (sums.get(base) ?? 0) + basisPoints;
    sums.set(base, sum);
    if (sum > 10_000)
      throw unprocessable('more_than_whole', `/shares/${i}/basisPoints`, `makes ${sum} of 10000 of ${base}`);
  }
  if (sums.has('received-without-vat') && vatBasisPoints === undefined)
    throw unprocessable(
      'vat_needed',
      '/vatBasisPoints',
      'must say the rate that is taken out of what was received',
    );
  if (sums.has('premium-over-reference') && reference === undefined)
    throw unprocessable('reference_needed', '/reference', 'must say the price a premium lies over');
};

/** Publishes a rule. 422 `duplicate_share`, `more_than_whole`, `vat_needed`, `reference_needed`. */
export const publishRule: Operation<RuleRequest, { id: string; version: number }> = {
  name: 'distribution-rule.publish',
  roles: ['operator'],
  status: 201,
  decide(world, input, { caller, id }) {
    assertClear(input);
    const { shares, holdBack, vatBasisPoints, reference, income } = input;
    return draft({
      type: distributionRulePublished,
      data: {
        version: (world.get(distributionRuleCounts, NIL)?.versions ?? 0) + 1,
        shares,
        holdBack,
        ...(vatBasisPoints === undefined ? {} : { vatBasisPoints }),
        ...(income === INCOME.premium ? {} : { income }),
      },
      private: { keyId: caller.keyId, ruleId: id, ...(reference === undefined ? {} : { reference }) },
    });
  },
  answer: ({ data, private: more }) => ({ id: more.ruleId, version: data.version }),
};
