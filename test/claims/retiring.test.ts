import t from 'tap';
import { claimsOf } from './harness.ts';

t.test(
  'an offset is retired for somebody, and a text that may not be made is refused with why',
  async (t) => {
    const { sold, stated, scheme, claim, on, read, brand, brandA, brandB, product, first, app, ...set } =
      await claimsOf(t);
    await scheme('plastic-credit', { exclusionGroup: 'offset' });
    const one = await sold([{ grams: 10_000 }]);
    const { id, code } = await stated({ batchId: one.batch.id, scheme: 'plastic-credit' });
    const credit = await claim({ statementIds: [id] });
    const forB = { grams: 4_000, beneficiaryOrganisationId: brandB.organisationId, purpose: '2026' };
    t.match((await on(credit.id, 'retire', { ...forB, productId: id })).body, {
      code: 'offset_in_no_product',
    });
    t.match((await on(credit.id, 'retire', { ...forB, consent: 'they said so' })).body, {
      code: 'not_yours_to_name',
    });
    t.match((await on(credit.id, 'retire', { ...forB, market: 'DE' })).body, {
      ...{ status: 409, code: 'text_not_permitted' },
      state: { why: 'offset-in-market' },
    });
    const { part } = (await on(credit.id, 'retire', forB)).body;
    t.match(await read(part), {
      ...{ state: 'retired', grams: 4_000 },
      retirement: { beneficiaryId: brandB.organisationId, named: false, basisPoints: null },
    });
    t.match((await read(part)).retirement.text.en, `Ocean plastic: 4000 g. Chain of custody`);
    t.match((await read(part)).retirement.text.en, code);
    await brandB.client.put(`/v1/organisations/${brandB.organisationId}/public-name`, {
      name: 'Brand B',
      consent: 'x',
    });
    const [line] = (await set.anyone.get('/v1/register?state=retired')).body.items;
    t.equal(line.retiredFor, null, 'named in public elsewhere, but not here');

    // Two origins, one of them by declaration only, with paper from elsewhere in the same batch: 80 % is accepted.
    const two = await sold([
      { grams: 60_000, more: { originClass: 'shoreline' } },
      { grams: 20_000, more: { originClass: 'sea-recovered', originEvidence: 'declared' } },
      { grams: 20_000, more: { originClass: 'vessel-waste' } },
    ]);
    const mixed = await stated({ batchId: two.batch.id });
    t.equal(mixed.grams, 80_000);
    const content = await claim({ statementIds: [mixed.id] });
    const { body: made } = await product(two.batch.id, two.sale.id, { market: 'FR' });
    const preview = (await brand.get(`/v1/claims/${content.id}/text?productId=${made.id}`)).body;
    t.match(preview, { basisPoints: 4_000, grams: 400, market: 'FR' });
    t.match(
      preview.text.en,
      'Ocean-bound plastic: 30 % of the mass of this product; Ocean plastic: 10 % of the mass',
    );
    t.match(preview.text.en, '(100 % of it by declaration only)');
    t.match(preview.text.en, 'controlled blending');
    t.match(preview.text.en, 'the rest of the product is other material');
    const { body: thin } = await product(two.batch.id, two.sale.id, { unitMassGrams: 1_000 });
    t.match((await on(content.id, 'retire', { productId: thin.id })).body, {
      state: { why: 'below-minimum' },
    });
    t.match((await on(content.id, 'retire', { productId: made.id, grams: 1 })).body, {
      code: 'follows_from_product',
    });
    const racers = await Promise.all(
      Array.from({ length: 6 }, () => on(content.id, 'retire', { productId: made.id })),
    );
    t.same(
      racers.map(({ status }) => status).sort(),
      [201, 409, 409, 409, 409, 409],
      'a gram ends in one product, once',
    );
    t.match(await set.book(two.sale.id), { retired: 400, tradable: 79_600 });

    // A body's own scheme: certified by it under its own name, and by nobody while it has none.
    const body = 'body-scheme';
    await scheme(body, { issues: 'certificate' }, first);
    const three = await sold([{ grams: 5_000 }]);
    const certificate = await stated({ batchId: three.batch.id, scheme: body });
    const certified = await claim({ statementIds: [certificate.id] });
    const { body: third } = await product(three.batch.id, three.sale.id);
    t.match((await on(certified.id, 'retire', { productId: third.id })).body, {
      state: { why: 'body-not-named' },
    });
    const named = { name: 'Body B', consent: 'x' };
    await first.put(`/v1/organisations/${set.certifierBody.id}/public-name`, named);
    const { part: whole } = (await on(certified.id, 'retire', { productId: third.id })).body;
    t.match((await read(whole)).retirement.text, { en: 'certified by Body B', zh: '由Body B认证' });

    // A reservation falls by itself.
    const four = await sold([{ grams: 100 }]);
    const last = await stated({ batchId: four.batch.id });
    const soon = { statementIds: [last.id], until: new Date(Date.now() + 1_000).toISOString() };
    const falls = (await set.reserve(soon)).body;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    t.match((await on(falls.id, 'issue')).body.code, /reservation_lapsed|wrong_state/);
    t.match(await set.becomes(falls.id, 'released'), { cause: 'lapsed' });
    t.equal((await claim({ statementIds: [last.id] })).grams, 100, 'and is free again');
    t.match((await set.anyone.get(`/v1/register?statement=%00${brandA.organisationId}`)).body.items, []);
  },
);
