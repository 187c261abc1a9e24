import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { seenSha256 } from '../../src/collection/seen.ts';
import type { Rail } from '../../src/rails/rail.ts';
import { WECHAT_LIMITS } from '../../src/rails/wechat.ts';
import type { Answer, Client, TestApp } from './app.ts';
import { firstSigner, newLogKey, retirementOf } from './log-keys.ts';

const accepted = async () => ({ kind: 'accepted' }) as const;
const silentRail: Rail = {
  limits: { ...WECHAT_LIMITS, maximum: 1_000_000 },
  submit: accepted,
  query: accepted,
  cancel: accepted,
  verifyNotification: () => ({ kind: 'not-believed', code: 'none', reason: 'it never tells' }),
};

/** An organisation with two sites, and how to make a fresh thing of every kind that belongs to it. */
export type Things = Awaited<ReturnType<typeof thingsOf>>;

const must = (answer: Answer, what: string): Answer['body'] => {
  if (answer.status >= 300) throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

/** @param canary stands in every private text of the organisation's things, to be looked for where it must not be */
export const thingsOf = async (app: TestApp, canary: string) => {
  const { operator } = app;
  const make = async (url: string, body: object, client: Client = operator): Promise<Answer['body']> =>
    must(await client.post(url, body), url);
  const organisation = () => make('/v1/organisations', { name: canary, kind: 'station' });
  const organisationId = (await organisation()).id as string;
  const siteBody = () => ({
    organisationId,
    kind: 'station',
    name: canary,
    location: { latE7: 286_600_000, lonE7: 1_214_400_000 },
  });
  const site = (): Promise<Answer['body']> => make('/v1/sites', siteBody());
  const siteId = (await site()).id as string;
  const secondSiteId = (await site()).id as string;
  const station = await app.keyFor(organisationId, 'station', { holder: canary });

  const collectionBody = () => ({
    id: randomUUID(),
    siteId,
    material: 'pet',
    form: 'bottle',
    originClass: 'sea-recovered',
    grossGrams: 10_000,
    tareGrams: 0,
    basis: 'weighed',
    collectedAt: new Date().toISOString(),
    bagTag: canary,
  });
  const collection = () => make('/v1/collections', collectionBody(), station);
  const floatBody = async () => ({ siteId: (await site()).id, amount: { amount: 1_000, currency: 'CNY' } });
  const float = async () => make('/v1/cash-floats', await floatBody());
  const accountId = async (): Promise<string> => {
    const price = { amount: 1, currency: 'CNY', perGrams: 1 };
    await make('/v1/collections', { ...collectionBody(), quote: { price } }, station);
    return must(await operator.get('/v1/accounts?limit=1'), 'accounts').items[0].id;
  };
  const payeeBody = { rail: 'wechat', account: randomUUID(), name: canary };
  const heirBody = { ...payeeBody, relation: canary, evidenceHash: 'ab'.repeat(32) };
  /** A collector with an heir somebody proposed. */
  const heir = async (): Promise<{ id: string; proposalSeq: number }> => {
    const { id } = await make('/v1/collectors', collectorBody(), station);
    const { receipt } = await make(`/v1/collectors/${id}/heir`, heirBody, station);
    return { id, proposalSeq: receipt.seq };
  };
  /** A collector who is owed 10,000 fen; the rail takes everything and never says that it paid. */
  const owedCollector = async (): Promise<string> => {
    app.deps.payouts.rails.set('wechat', silentRail);
    const { id } = await make('/v1/collectors', collectorBody(), station);
    const account = randomUUID();
    await make(`/v1/collectors/${id}/payee`, { ...payeeBody, account }, station);
    const price = { amount: 1, currency: 'CNY', perGrams: 1 };
    await make('/v1/collections', { ...collectionBody(), collectorId: id, quote: { price } }, station);
    return id;
  };
  const payoutOrderBody = async () => ({ collectorId: await owedCollector(), rail: 'wechat' });
  const payoutOrder = async () => make('/v1/payout-orders', await payoutOrderBody());
  /** What may go out on a rail of paper. */
  const listBody = async (rail: 'bank' | 'cash') => {
    const account =
      rail === 'bank' ? { account: `6222${String(randomInt(1_000_000_000)).padStart(12, '0')}` } : {};
    const payee = { rail, name: canary, ...account };
    const other = await make('/v1/collectors', collectorBody(), station);
    await make(`/v1/collectors/${other.id}/payee`, payee, station);
    const price = { amount: 1, currency: 'CNY', perGrams: 1 };
    await make('/v1/collections', { ...collectionBody(), collectorId: other.id, quote: { price } }, station);
    const order = await make('/v1/payout-orders', { collectorId: other.id, rail });
    await make(`/v1/payout-orders/${order.id}/approve`, {}, await checker());
    await make(`/v1/payout-orders/${order.id}/submit`, {});
    return { rail, orderIds: [order.id as string], ...(rail === 'cash' ? { siteId } : {}) };
  };
  const listMade = async (rail: 'bank' | 'cash') => {
    const sent = await listBody(rail);
    const { id } = await make('/v1/payout-lists', sent);
    return { id: id as string, orderId: sent.orderIds[0]! };
  };
  const madeOnce: Partial<Record<'bank' | 'cash', ReturnType<typeof listMade>>> = {};
  const statementLine = () => ({
    ...{ id: randomUUID(), source: 'bank', rail: 'bank', serial: randomUUID(), day: '2026-11-24' },
    ...{ kind: 'other', amount: { amount: 0, currency: 'CNY' } },
  });
  const payoutRunBody = async () => ({ collectorIds: [await owedCollector()], rail: 'wechat' });
  const payoutRun = async (): Promise<Answer['body']> => {
    const run = await make('/v1/payout-runs', await payoutRunBody());
    const state = async () => must(await operator.get(`/v1/payout-runs/${run.id}`), 'run').state;
    while ((await state()) === 'drafting') await sleep(20);
    return run;
  };
  const checker = () => app.keyFor(organisationId, 'payer');
  /** A weigh-in that may have been told twice: what it earns waits. */
  const waiting = async () => {
    const collectorId = (await make('/v1/collectors', collectorBody())).id;
    const slipNo = randomUUID();
    const quote = { price: { amount: 1, currency: 'CNY', perGrams: 1 } };
    const bag = { collectorId, quote };
    await make('/v1/collections', { ...collectionBody(), ...bag, slipNo }, station);
    const twin = { ...collectionBody(), ...bag, paper: { slipNo }, grossGrams: 9_000 };
    const { provisional, id } = await make('/v1/collections', twin, station);
    if (provisional?.amount !== 9_000) throw new Error('nothing waits');
    return { id };
  };
  const taxRuleBody = () => ({
    source: canary,
    startsAt: new Date().toISOString(),
    reverseInvoicing: {
      issuers: [{ organisationId: app.deps.programme.operatorId, registration: canary.slice(0, 60) }],
      kinds: ['purchase'],
      ...{ vatBasisPoints: 100, vatFreeUpTo: 10_000_000, incomeTaxBasisPoints: 50, limit: 500_000_000 },
    },
  });
  const taxRule = () => make('/v1/tax-rules', taxRuleBody());
  const invoicingConsentBody = { given: true, at: new Date().toISOString() };
  /** A collector of whose weigh-in of 10,000 fen tax is withheld, and the month of it. */
  const taxedSale = async (): Promise<{ collectorId: string; month: string }> => {
    await taxRule();
    const collectorId = (await make('/v1/collectors', collectorBody(), station)).id as string;
    await make(`/v1/collectors/${collectorId}/invoicing-consent`, invoicingConsentBody, station);
    const price = { amount: 1, currency: 'CNY', perGrams: 1 };
    await make('/v1/collections', { ...collectionBody(), collectorId, quote: { price } }, station);
    const { body } = await operator.get(`/v1/collectors/${collectorId}/taxes`);
    return { collectorId, month: body.months[0].month };
  };
  const invoiceNumber = (): string => `24${String(Math.floor(Math.random() * 1e15)).padStart(18, '0')}`;
  const today = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  const redLetterBody = () => ({ number: invoiceNumber(), date: today(), reason: canary, whole: true });
  const invoiceBody = async () => ({
    ...(await taxedSale()),
    ...{ number: invoiceNumber(), date: today(), kind: 'ordinary' },
    amount: { amount: 10_000, currency: 'CNY' },
  });
  const invoice = async (): Promise<Answer['body']> => ({
    id: (await make('/v1/reverse-invoices', await invoiceBody())).number,
  });
  const lotId = async (): Promise<string> => (await collection()).lot.id;
  const collectorBody = () => ({
    siteId,
    name: canary,
    phone: canary.slice(0, 40),
    consent: { version: '1', at: new Date().toISOString() },
  });
  const cashPaymentBody = {
    collectorId: (await make('/v1/collectors', collectorBody())).id,
    amount: { amount: 1, currency: 'CNY' },
    paidAt: new Date().toISOString(),
    slip: canary.slice(0, 60),
  };
  const deviceBody = () => ({ siteId, name: canary });
  const vesselBody = () => ({ organisationId, name: canary, number: canary });
  const shipmentBody = async () => ({
    fromSiteId: siteId,
    toSiteId: secondSiteId,
    lots: [{ lotId: await lotId() }],
    carrier: canary,
    vehicle: canary,
    note: canary,
  });
  const runBody = async () => ({
    siteId,
    step: 'shred',
    inputs: [{ lotId: await lotId() }],
    outputs: [{ material: 'pet', form: 'flake', grams: 9_000 }],
    losses: [{ kind: 'spilled', grams: 1_000 }],
    note: canary,
  });
  const outsideBody = () => ({
    siteId,
    kind: 'purchase',
    material: 'pet',
    form: 'flake',
    grams: 5_000,
    supplier: canary,
    note: canary,
  });
  const disposalBody = async () => ({
    siteId,
    lots: [{ lotId: await lotId() }],
    manifest: canary,
    wasteCode: '900-003-S17',
    receiver: { name: canary, licence: canary },
    vehicle: canary,
    disposedAt: new Date().toISOString(),
    note: canary,
  });
  const incidentBody = async () => ({
    siteId,
    kind: 'fire',
    lots: [{ lotId: await lotId() }],
    reference: canary,
    happenedAt: new Date().toISOString(),
    note: canary,
  });
  const declarationBody = () => ({
    siteId,
    vesselNumber: canary,
    items: [{ material: 'oily-water', millilitres: 1_200_000 }],
    port: canary,
    wantedFrom: new Date().toISOString(),
    wantedUntil: new Date(Date.now() + 86_400_000).toISOString(),
    note: canary,
  });
  const declaration = () => make('/v1/pollutant-declarations', declarationBody(), station);
  const receptionBody = () => ({
    id: randomUUID(),
    siteId,
    vesselNumber: canary,
    items: [{ material: 'oily-water', grams: 10_000 }],
    receivedAt: new Date().toISOString(),
    remark: canary,
  });
  const reception = () => make('/v1/pollutant-receptions', receptionBody(), station);
  const transferBody = async () => {
    await reception();
    return {
      fromSiteId: siteId,
      toSiteId: secondSiteId,
      items: [{ material: 'oily-water', grams: 1_000 }],
      manifest: canary,
      carrier: canary,
      vehicle: canary,
      dispatchedAt: new Date().toISOString(),
      note: canary,
    };
  };
  const treatmentBody = async () => {
    await reception();
    return {
      siteId,
      method: 'oil-separation',
      items: [{ material: 'oily-water', grams: 1_000 }],
      plant: { name: canary, licence: canary },
      manifest: canary,
      wasteCode: canary.slice(0, 40),
      treatedAt: new Date().toISOString(),
      note: canary,
    };
  };
  const pollutantLossBody = async () => {
    await reception();
    return {
      siteId,
      kind: 'spilled',
      items: [{ material: 'oily-water', grams: 1_000 }],
      reference: canary,
      happenedAt: new Date().toISOString(),
      note: canary,
    };
  };
  const etaBody = { eta: new Date(Date.now() + 3_600_000).toISOString() };
  const batchBody = async () => ({ siteId, inputs: [{ lotId: await lotId() }], note: canary });
  const containerBody = () => ({ siteId, tag: `${canary} ${randomUUID()}`, kind: 'bag' });
  const container = () => make('/v1/containers', containerBody(), station);
  const filledContainer = async () => {
    const made = await container();
    await make('/v1/collections', { ...collectionBody(), containerId: made.id }, station);
    return made;
  };
  const batch = async () => make('/v1/batches', await batchBody(), station);
  const buyerId = (await make('/v1/organisations', { name: 'a buyer', kind: 'brand' })).id as string;
  const at = new Date().toISOString();
  const saleBody = {
    buyerOrganisationId: buyerId,
    price: { amount: 1_500, currency: 'CNY', perGrams: 1_000 },
    contract: canary,
  };
  const reservationBody = { buyerId, until: new Date(Date.now() + 86_400_000).toISOString() };
  const productBody = async () => ({
    batchId: (await batch()).id,
    units: 10,
    unitMassGrams: 30,
    contentGrams: 15,
    market: 'CN',
    name: canary,
  });
  const scheme = async (): Promise<string> => {
    await operator.put('/v1/schemes/traceability-statement', {});
    return 'traceability-statement';
  };
  /** The organisation audits a site of another. */
  const auditBody = async (more: object = {}) => {
    const { id } = await organisation();
    const audited = await make('/v1/sites', { ...siteBody(), organisationId: id });
    const [opensAt, closesAt] = [-60_000, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const [firstDay, lastDay] = [-30, 1].map((days) =>
      new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10),
    );
    return {
      ...{ auditorId: organisationId, body: canary, siteIds: [audited.id], sampleSize: 3, opensAt, closesAt },
      ...{ firstDay, lastDay, note: canary, ...more },
    };
  };
  const findingBody = { severity: 'minor', dueOn: '2099-01-01', text: canary };
  const findingIn = async (more: object): Promise<Answer['body']> => {
    const sent = await auditBody(more);
    const { id } = await make('/v1/audits', sent);
    const auditor = await app.keyFor(sent.auditorId, 'auditor');
    return make(`/v1/audits/${id}/findings`, findingBody, auditor);
  };
  const certificateBody = async () => ({
    organisationId,
    body: 'a body outside',
    number: randomUUID(),
    schemes: [await scheme()],
    scope: 'collection',
    siteIds: [siteId],
    validFrom: '2026-01-01',
    validUntil: '2026-12-31',
    fileSha256: 'ab'.repeat(32),
    checkedAt: '2026-11-24T00:00:00+08:00',
  });
  /** Of grams that somebody known brought. */
  const statementBody = async () => {
    const collectorId = (await make('/v1/collectors', collectorBody(), station)).id;
    // A weight of its own, or it may be taken for a paper slip's.
    const grossGrams = randomInt(20_000, 90_000_000);
    const sent = { ...collectionBody(), bagTag: randomUUID(), grossGrams, collectorId };
    const { lot } = await make('/v1/collections', sent, station);
    const sealed = await make('/v1/batches', { siteId, inputs: [{ lotId: lot.id }] }, station);
    await make(`/v1/batches/${sealed.id}/sale`, saleBody, station);
    return { batchId: sealed.id, scheme: await scheme(), note: canary };
  };
  const batchStatement = async () => make('/v1/statements', await statementBody());
  const bodyId = (await make('/v1/organisations', { name: 'a body', kind: 'certifier' })).id as string;
  const certifier = (holder: string) => app.keyFor(bodyId, 'certifier', { holder });
  const issuedStatement = async (): Promise<Answer['body']> => {
    const made = await batchStatement();
    for (const holder of ['a first', 'a second'])
      await make(`/v1/statements/${made.id}/approve`, {}, await certifier(holder));
    return made;
  };
  const claimBody = async () => ({ statementIds: [(await issuedStatement()).id], grams: 10_000 });
  const issuedClaim = async () => {
    const reserved = await make('/v1/claims', await claimBody());
    await make(`/v1/claims/${reserved.id}/issue`, {});
    return reserved;
  };
  const listingBody = async () => ({
    statementId: (await issuedStatement()).id,
    ...{ register: 'a register', number: randomUUID(), grams: 10 },
  });
  const shipment = async () => make('/v1/shipments', await shipmentBody(), station);
  const tariffBody = () => ({
    source: 'a notice',
    startsAt: new Date(Date.now() + 3_600_000).toISOString(),
    prices: [{ material: 'pet', base: { amount: 150, currency: 'CNY', perGrams: 1_000 } }],
  });
  /** A batch of five people's bags, paid at the scale. */
  const paidBatch = async (): Promise<Answer['body']> => {
    const inputs: { lotId: string }[] = [];
    for (let i = 0; i < 5; i++) {
      const collectorId = (await make('/v1/collectors', collectorBody())).id;
      const price = { amount: 1, currency: 'CNY', perGrams: 1 };
      const settlement = { kind: 'goods', paid: { amount: 100, currency: 'CNY' } };
      const bag = { ...collectionBody(), collectorId, quote: { price }, settlement };
      inputs.push({ lotId: (await make('/v1/collections', bag, station)).lot.id });
    }
    return make('/v1/batches', { siteId, inputs }, station);
  };
  const fundHolder = () => make('/v1/fund/holder', { organisationId });
  /** What the fund could give: it is in there. */
  const fundGiftBody = async () => {
    await fundHolder();
    const amount = { amount: 1, currency: 'CNY' };
    await make('/v1/fund/deposits', {
      source: 'grant',
      amount,
      payer: canary,
      reference: canary,
      note: canary,
    });
    return { kind: 'goods', amount, units: 5, people: 5, description: canary };
  };
  return {
    canary,
    paidBatch,
    provenBatch: async (): Promise<Answer['body']> => {
      const made = await paidBatch();
      await make(`/v1/batches/${made.id}/payment-proofs`, {});
      return made;
    },
    fundHolder,
    fundGiftBody,
    fundGift: async () => make('/v1/fund/proposals', await fundGiftBody()),
    tariffBody,
    tariff: () => make('/v1/tariffs', tariffBody()),
    organisationId,
    siteId,
    secondSiteId,
    station,
    organisation,
    site,
    siteBody,
    collection,
    collectionBody,
    lotId,
    accountId,
    waiting,
    float,
    floatBody,
    cashPaymentBody,
    collector: () => make('/v1/collectors', collectorBody(), station),
    collectorBody,
    /** A weigh-in of somebody who holds a card. */
    spokenFor: async (): Promise<Answer['body']> => {
      const { id: collectorId } = await make('/v1/collectors', collectorBody(), station);
      const { cardNumber } = await make(`/v1/collectors/${collectorId}/card`, { pin: '4711' }, station);
      const { id } = await make('/v1/collections', { ...collectionBody(), collectorId }, station);
      return { id, card: { number: cardNumber, pin: '4711' } };
    },
    /** A one-time link to a weigh-in, by its token. */
    link: async (): Promise<Answer['body']> => {
      const { id: collectorId } = await make('/v1/collectors', collectorBody(), station);
      const { id } = await make('/v1/collections', { ...collectionBody(), collectorId }, station);
      return { id: (await make(`/v1/collections/${id}/links`, {}, station)).token };
    },
    /** An open passbook, by its pass, with one open weigh-in. */
    passbook: async (): Promise<Answer['body']> => {
      const { id: collectorId } = await make('/v1/collectors', collectorBody(), station);
      const { id: collectionId } = await make(
        '/v1/collections',
        { ...collectionBody(), collectorId },
        station,
      );
      const { token } = await make(`/v1/collectors/${collectorId}/passbook-links`, {}, station);
      return { id: (await make('/v1/passbooks', { link: token })).pass, collectionId, link: token };
    },
    /** A statement that a collector agreed to on paper. */
    statement: async (): Promise<Answer['body']> => {
      const { id } = await make('/v1/collectors', collectorBody(), station);
      const asked = { lender: canary, from: '2026-01', to: '2026-01', evidence: ['a'.repeat(64)] };
      return make(`/v1/collectors/${id}/income-statements`, asked, station);
    },
    /** Cash that was paid at the organisation's site. */
    payment: async (): Promise<Answer['body']> => {
      const { id } = await float();
      return make(`/v1/cash-floats/${id}/payments`, cashPaymentBody, station);
    },
    linkConfirmation: {
      seenSha256: seenSha256({
        grossGrams: 10_000,
        tareGrams: 0,
        deductions: [],
        payGrams: 10_000,
        earning: null,
      }),
    },
    cardHolder: async (): Promise<Answer['body']> => {
      const { id } = await make('/v1/collectors', collectorBody(), station);
      await make(`/v1/collectors/${id}/card`, { pin: '4711' }, station);
      return { id };
    },
    device: () => make('/v1/devices', deviceBody(), station),
    deviceBody,
    scale: () =>
      make(
        '/v1/devices',
        { ...deviceBody(), scale: { class: 'III', eGrams: 10, minGrams: 0, maxGrams: 100_000 } },
        station,
      ),
    vessel: () => make('/v1/vessels', vesselBody()),
    vesselBody,
    key: () => make('/v1/api-keys', { organisationId, role: 'station', holder: canary }),
    container,
    containerBody,
    filledContainer,
    sealedContainer: async () => {
      const made = await filledContainer();
      await make(`/v1/containers/${made.id}/seal`, { sealNumber: canary }, station);
      return made;
    },
    shipment,
    shipmentBody,
    receivedShipment: async () => {
      const made = await shipment();
      await make(`/v1/shipments/${made.id}/receipt`, { measuredGrams: 10_000 }, station);
      return made;
    },
    run: async () => make('/v1/process-runs', await runBody(), station),
    runBody,
    outside: () => make('/v1/outside-materials', outsideBody(), station),
    outsideBody,
    disposal: async () => make('/v1/disposals', await disposalBody(), station),
    disposalBody,
    incident: async () => make('/v1/incidents', await incidentBody(), station),
    incidentBody,
    declaration,
    payeeBody,
    bankListBody: () => listBody('bank'),
    /** One of each is enough: reading and telling leave it as it is. */
    bankList: () => {
      madeOnce.bank ??= listMade('bank');
      return madeOnce.bank;
    },
    cashList: () => {
      madeOnce.cash ??= listMade('cash');
      return madeOnce.cash;
    },
    statementLine,
    reconciliationItem: async (): Promise<{ id: string }> => {
      const sent = statementLine();
      await make('/v1/statement-lines/batch', [sent] as never);
      return { id: sent.id };
    },
    taxRuleBody,
    taxRule,
    invoicingConsentBody,
    invoiceBody,
    invoice,
    redLetterBody,
    taxReleaseBody: async () => ({ ...(await taxedSale()), reason: canary }),
    heirBody,
    heir,
    payoutOrder,
    payoutOrderBody,
    payoutRun,
    payoutRunBody,
    approvedPayout: async (kind: 'payout-runs' | 'payout-orders'): Promise<Answer['body']> => {
      const made = await (kind === 'payout-runs' ? payoutRun : payoutOrder)();
      return make(`/v1/${kind}/${made.id}/approve`, {}, await checker());
    },
    sentPayout: async (): Promise<Answer['body']> => {
      const made = await payoutOrder();
      await make(`/v1/payout-orders/${made.id}/approve`, {}, await checker());
      await make(`/v1/payout-orders/${made.id}/submit`, {});
      const read = async () => must(await operator.get(`/v1/payout-orders/${made.id}`), 'order');
      while ((await read()).reference === null) await sleep(20);
      return made;
    },
    heldPayout: async (): Promise<Answer['body']> => {
      const made = await payoutOrder();
      return make(`/v1/payout-orders/${made.id}/hold`, { reason: canary });
    },
    declarationBody,
    etaBody,
    acceptedDeclaration: async () => {
      const made = await declaration();
      await make(`/v1/pollutant-declarations/${made.id}/accept`, etaBody, station);
      return made;
    },
    reception,
    receptionBody,
    transfer: async () => make('/v1/pollutant-transfers', await transferBody(), station),
    transferBody,
    arrivalBody: { items: [{ material: 'oily-water', grams: 1_000 }], arrivedAt: new Date().toISOString() },
    treatment: async () => make('/v1/pollutant-treatments', await treatmentBody(), station),
    treatmentBody,
    pollutantLoss: async () => make('/v1/pollutant-losses', await pollutantLossBody(), station),
    pollutantLossBody,
    batch,
    saleBody,
    deliveryBody: { grams: 1_000, deliveredAt: at, note: canary },
    paymentBody: { amount: { amount: 1_000, currency: 'CNY' }, receivedAt: at, reference: canary },
    costBody: {
      kind: 'transport',
      amount: { amount: 1_000, currency: 'CNY' },
      incurredAt: at,
      reference: canary,
    },
    returnBody: { grams: 1_000, siteId, returnedAt: at, reason: canary },
    reservationBody,
    reservedBatch: async (): Promise<Answer['body']> => {
      const { id } = await batch();
      await make(`/v1/batches/${id}/reservation`, reservationBody, station);
      return { id };
    },
    soldBatch: async (): Promise<Answer['body']> => {
      const { id } = await batch();
      await make(`/v1/batches/${id}/sale`, saleBody, station);
      return { id };
    },
    scheme,
    certificateBody,
    certificate: async () => make('/v1/certificates/external', await certificateBody()),
    auditBody,
    audit: async () => make('/v1/audits', await auditBody()),
    auditOfSite: async () => {
      const sent = await auditBody();
      const { id } = await make('/v1/audits', sent);
      return { id: id as string, query: `?siteId=${sent.siteIds[0]}` };
    },
    findingBody,
    findingOfOther: () => findingIn({}),
    findingOfOwn: async () => findingIn({ siteIds: [siteId], auditorId: (await organisation()).id }),
    batchStatement,
    statementBody,
    issuedStatement,
    claim: async () => make('/v1/claims', await claimBody()),
    claimBody,
    issuedClaim: async () => issuedClaim(),
    listing: async () => make('/v1/outside-listings', await listingBody()),
    listingBody,
    suspendedStatement: async (): Promise<Answer['body']> => {
      const made = await issuedStatement();
      const url = `/v1/statements/${made.id}/suspend`;
      return make(url, { reason: canary }, await certifier('a third'));
    },
    product: async () => make('/v1/products', await productBody(), station),
    productBody,
    batchBody,
    /** The mark of a weigh-in that names nobody. */
    openMark: async (): Promise<Answer['body']> => {
      const { lot } = await collection();
      const { body } = await operator.get(`/v1/marks?siteId=${siteId}&limit=1000`);
      return body.items.find((mark: { subjectId: string }) => mark.subjectId === lot.id);
    },
    /** A weigh-in that the rule about the mass of a piece does not believe. */
    anomaly: async (): Promise<Answer['body']> => {
      await operator.put('/v1/anomaly-rules/piece-mass', { enabled: true });
      return make('/v1/collections', { ...collectionBody(), count: 20 }, station);
    },
    logKeyBody: () => newLogKey(app.deps.config).body,
    logKeyToRetire: async () => {
      const first = firstSigner(app.deps.config);
      const { id, signer, body } = newLogKey(app.deps.config);
      await make('/v1/ledger/keys', body);
      return { id, ...retirementOf(signer, first, [first]) };
    },
    /** A case of a load that came in at half its weight. */
    openCase: async (): Promise<Answer['body']> => {
      const { id } = await shipment();
      const { caseId } = await make(`/v1/shipments/${id}/receipt`, { measuredGrams: 5_000 }, station);
      return { id: caseId };
    },
  };
};
