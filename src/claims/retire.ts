import { conflict, unprocessable } from '../kernel/errors.ts';
import { type Caller, draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type CustodyModel, lowestModel } from '../provenance/custody-model.ts';
import { organisations } from '../registry/registry.tables.ts';
import { type Product, products } from '../resale/products.tables.ts';
import type { Scheme } from '../schemes/schemes.tables.ts';
import type { Statement } from '../statements/statements.tables.ts';
import { type Both, claimText, type OriginShare } from './claim-text.ts';
import { claimRetired } from './claims.facts.ts';
import { CLAIMERS, type ClaimAnswer, claimAnswer } from './claims.operations.ts';
import type { RetireRequest } from './claims.schema.ts';
import { type Claim, productClaims } from './claims.tables.ts';
import { holdingClaim, partOf } from './standing.ts';

/** What was read of grams before the door, for each statement of the claim; it holds while claim and product do. */
export type Prepared = {
  claimSeq: number;
  productSeq: number | null;
  /** The lowest of the lots the grams are in. */
  model: CustodyModel;
  schemes: { statementId: string; scheme: Scheme; body: string | null; origins: OriginShare[] }[];
} | null;

/**
 * Grams of a unit that may be claimed: its content in the proportion that is stated of the sale, rounded down, by the
 * statement that states least.
 */
export const claimedPerUnit = (
  { contentGrams }: Pick<Product, 'contentGrams'>,
  named: readonly Pick<Statement, 'grams' | 'ofGrams'>[],
): number =>
  Math.min(
    ...named.map(({ grams, ofGrams }) => Number((BigInt(contentGrams) * BigInt(grams)) / BigInt(ofGrams))),
  );

/** One text of all schemes of a claim: each speaks for itself. */
export const textOf = (
  named: readonly Statement[],
  { model, schemes }: NonNullable<Prepared>,
  of: { basisPoints: number | null; grams: number; market: string; timeZoneYear: (ms: number) => number },
): Both => {
  const texts = schemes.map(({ statementId, scheme, body, origins }) => {
    const { code, issuedAt, custodyModel } = named.find(({ id }) => id === statementId)!;
    return claimText({
      ...{ rules: scheme.rules, body, origins, statementCode: code!, year: of.timeZoneYear(issuedAt!) },
      model: lowestModel([model, custodyModel as CustodyModel]),
      ...{ basisPoints: of.basisPoints, grams: of.grams, market: of.market },
    });
  });
  return { en: texts.map(({ en }) => en).join('\n'), zh: texts.map(({ zh }) => zh).join('\n') };
};

/** The product a claim on content ends in. 422 `unknown_product`, `other_sale`; 409 `already_voided`, `claimed_already`. */
const productOf = (world: World, claim: Claim, productId: string): Product => {
  const product = world.get(products, productId);
  if (product === undefined || product.saleId !== claim.saleId)
    throw unprocessable('unknown_product', '/productId', 'no such product made of the grams of this claim');
  if (product.state === 'voided')
    throw conflict('already_voided', 'This product was voided.', { productId, seq: product.lastSeq });
  const claimed = world.get(productClaims, productId)?.claimId ?? null;
  if (claimed !== null)
    throw conflict('claimed_already', 'A claim ends in this product already.', {
      productId,
      claimId: claimed,
    });
  return product;
};

type Use = { grams: number | undefined; basisPoints: number | null; units: number | null; market: string };

/** Grams × units of a product, within the claim: 409 `content_exceeds` with the units that fit, `nothing_claimed`. */
export const useInProduct = (product: Product, named: readonly Statement[], claimGrams: number): Use => {
  const { id: productId, units, unitMassGrams, market } = product;
  const each = claimedPerUnit(product, named);
  if (each === 0)
    throw conflict('nothing_claimed', 'Less than a gram of each unit is stated.', { productId });
  const unitsThatFit = Math.floor(claimGrams / each);
  if (units > unitsThatFit)
    throw conflict(
      'content_exceeds',
      `${claimGrams} g are claimed: ${unitsThatFit} units of ${each} g fit.`,
      {
        ...{ productId, grams: claimGrams, gramsPerUnit: each, unitsThatFit },
      },
    );
  const basisPoints = Number((BigInt(each) * 10_000n) / BigInt(unitMassGrams));
  return { grams: units * each, basisPoints, units, market };
};

const useOf = (world: World, claim: Claim, named: readonly Statement[], input: RetireRequest): Use => {
  const { productId, grams, market } = input;
  if (claim.exclusionGroup === 'offset') {
    if (productId !== undefined)
      throw unprocessable(
        'offset_in_no_product',
        '/productId',
        'is left out of an offset: it is part of no product',
      );
    return { grams, basisPoints: null, units: null, market: market ?? '' };
  }
  if (productId === undefined)
    throw unprocessable('product_needed', '/productId', 'must be given: content ends in a product');
  if (grams !== undefined || market !== undefined)
    throw unprocessable(
      'follows_from_product',
      grams === undefined ? '/market' : '/grams',
      'is left out: it follows from the product',
    );
  return useInProduct(productOf(world, claim, productId), named, claim.grams);
};

const beneficiaryOf = (world: World, caller: Caller, claim: Claim, input: RetireRequest): string => {
  const { beneficiaryOrganisationId: id = claim.holderId } = input;
  if (world.get(organisations, id) === undefined)
    throw unprocessable('unknown_organisation', '/beneficiaryOrganisationId', 'no such organisation');
  // Who is named must have agreed, and nobody agrees for others but the operator, who has seen the paper.
  if (input.consent !== undefined && id !== caller.organisationId && caller.role !== 'operator')
    throw unprocessable('not_yours_to_name', '/consent', 'may be given for your own organisation alone');
  return id;
};

export const retireOperation = (
  { operatorId: actor }: { operatorId: string },
  timeZoneYear: (ms: number) => number,
): Operation<RetireRequest & { claimId: string; prepared: Prepared }, ClaimAnswer> => ({
  name: 'claim.retire',
  roles: CLAIMERS,
  status: 201,
  decide(world, { claimId, prepared, ...input }, { caller, newId, now }) {
    const { claim, named } = holdingClaim(world, caller, claimId, ['issued', 'transferred'], now);
    const { productId, consent, purpose } = input;
    const use = useOf(world, claim, named, input);
    const part = partOf(claim, use.grams, newId);
    const beneficiaryId = beneficiaryOf(world, caller, claim, input);
    const productSeq = productId === undefined ? null : world.get(products, productId)!.lastSeq;
    if (prepared?.claimSeq !== claim.lastSeq || prepared.productSeq !== productSeq)
      throw conflict('balance_moved', 'The grams changed while this was being prepared; send it again.');
    const { grams } = part.moved;
    const text = textOf(named, prepared, { ...use, grams, timeZoneYear });
    const { basisPoints, units, market } = use;
    return draft({
      type: claimRetired,
      actor,
      data: {
        ...{ seq: claim.lastSeq, ...part, named: consent !== undefined, text },
        ...(basisPoints === null ? {} : { basisPoints }),
        ...(units === null ? {} : { units }),
      },
      private: {
        ...{ keyId: caller.keyId, beneficiaryId },
        ...(consent === undefined ? {} : { consent }),
        ...(purpose === undefined ? {} : { purpose }),
        ...(productId === undefined ? {} : { productId }),
        ...(market === '' ? {} : { market }),
      },
    });
  },
  answer: claimAnswer(() => 'retired'),
});
