import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ROLES } from '../src/kernel/vocabulary.ts';
import { SHIPPED } from '../src/schemes/shipped.ts';
import { APPROVERS } from '../src/statements/statements.operations.ts';
import { type Client, startTestApp, type TestApp } from './support/app.ts';
import { type Things, thingsOf } from './support/things.ts';

type Made = { id?: string | number; body?: unknown; query?: string };

type Row = {
  /** A fresh thing of the organisation, as the operation's path and body name it. */
  make?: (org: Things, role: string) => Promise<Made> | Made;
  /** Where the operation knows no own and foreign, such as a list or a registration by the operator. */
  ownerless?: true;
  /** Roles that reach another organisation's thing; the operator and, for reading, those who check unless said. */
  across?: readonly string[];
  /** Statuses of success on an own thing, where they are not 200 and 201. */
  own?: readonly number[];
};

const CHECKERS = ['operator', 'auditor', 'certifier', 'regulator'];

/** Whoever brings cash to the stations. */
const CASHIERS = ['operator', 'payer'];

const byId = (name: keyof Things, body?: unknown): Row => ({
  make: async (org) => {
    const { id } = await (org[name] as () => Promise<{ id: string }>)();
    return body === undefined ? { id } : { id, body };
  },
});
const body = (name: keyof Things): Row => ({
  make: async (org) => ({ body: await (org[name] as () => unknown)() }),
});
const list: Row = { ownerless: true };
const byIdOwnerless = (name: keyof Things): Row => ({ ...byId(name), ownerless: true });
const lot: Row = { make: async (org) => ({ id: await org.lotId() }) };
/** A thing of the organisation, with a body that names other things of it. */
const byIdWith = (name: keyof Things, sent: keyof Things): Row => ({
  make: async (org) => ({ id: (await (org[name] as () => Promise<{ id: string }>)()).id, body: org[sent] }),
});

const decision = ({ id, proposalSeq }: { id: string; proposalSeq: number }): Made => ({
  id,
  body: { proposalSeq },
});

/** How to ask for each operation. A new operation needs a line here. */
const TABLE: Record<string, Row> = {
  registerOrganisation: { make: () => ({ body: { name: 'x', kind: 'station' } }), ownerless: true },
  listOrganisations: list,
  getOrganisation: { make: (org) => ({ id: org.organisationId }) },
  changeOrganisation: byId('organisation', { name: 'x' }),
  closeOrganisation: byId('organisation'),
  publishOrganisationName: {
    make: async (org) => ({ id: org.organisationId, body: { name: randomUUID(), consent: 'x' } }),
  },
  registerSite: body('siteBody'),
  listSites: list,
  getSite: { make: (org) => ({ id: org.siteId }) },
  changeSite: byId('site', { toleranceBasisPoints: 50 }),
  closeSite: byId('site'),
  countStock: {
    make: (org) => ({
      id: org.siteId,
      body: {
        cutOffAt: new Date().toISOString(),
        items: [{ material: 'abs', form: 'rigid', countedGrams: 0 }],
      },
    }),
  },
  getStockAges: { make: (org) => ({ id: org.siteId }) },
  listStockCounts: { make: (org) => ({ id: org.siteId }) },
  getInventory: { make: (org) => ({ id: org.siteId }) },
  issueApiKey: {
    make: ({ organisationId }, role) => ({
      body: { organisationId, role: role === 'operator' ? 'station' : role, holder: 'x' },
    }),
  },
  openCashFloat: { make: async (org) => ({ body: await org.floatBody() }), across: ['operator', 'payer'] },
  moveCashFloat: { ...byId('float', { amount: { amount: 1, currency: 'CNY' } }), across: CASHIERS },
  capCashFloat: { ...byId('float', { personDayCap: null }), across: CASHIERS },
  countCashFloat: { ...byId('float', { counted: { amount: 0, currency: 'CNY' } }), across: CASHIERS },
  payFromCashFloat: { ...byIdWith('float', 'cashPaymentBody'), across: CASHIERS },
  listCashFloats: list,
  getCashFloat: { ...byId('float'), across: [...CASHIERS, 'auditor', 'regulator'] },
  listCashMovements: { ...byId('float'), across: [...CASHIERS, 'auditor', 'regulator'] },
  listProvisionalEarnings: list,
  decidePremium: {
    ...byId('waiting', { outcome: 'owed' }),
    across: ['operator', 'payer', 'certifier', 'regulator'],
    own: [201, 403],
  },
  nameCollection: {
    make: async (org) => ({
      id: (await org.collection()).id,
      body: { collectorId: (await org.collector()).id, reason: 'x' },
    }),
  },
  transferFunds: {
    ownerless: true,
    make: () => ({
      body: { from: { kind: 'capital' }, to: { kind: 'bank' }, amount: { amount: 1, currency: 'CNY' } },
    }),
  },
  listAccounts: list,
  getTrialBalance: list,
  getAccountStatement: { ownerless: true, make: async (org) => ({ id: await org.accountId() }) },
  getCollectorStatement: { ...byId('collector'), across: ['operator', 'payer', 'auditor'] },
  setPayee: byIdWith('collector', 'payeeBody'),
  getPayee: { ...byId('collector'), across: ['operator', 'payer', 'auditor'] },
  consentToNetting: byId('collector', { given: true, at: '2026-11-24T06:30:00+08:00' }),
  proposeHeir: byIdWith('collector', 'heirBody'),
  approveHeir: { make: async (org) => decision(await org.heir()), ownerless: true },
  rejectHeir: { make: async (org) => decision(await org.heir()), ownerless: true },
  getHeir: { make: async (org) => ({ id: (await org.heir()).id }), across: ['operator', 'payer'] },
  listUnclaimed: list,
  openPayoutRun: { ...body('payoutRunBody'), ownerless: true },
  listPayoutRuns: list,
  getPayoutRun: { ...byId('payoutRun'), ownerless: true },
  approvePayoutRun: { ...byId('payoutRun', {}), ownerless: true },
  rejectPayoutRun: { ...byId('payoutRun', {}), ownerless: true },
  submitPayoutRun: {
    make: async (org) => ({ id: (await org.approvedPayout('payout-runs')).id }),
    ownerless: true,
  },
  draftPayoutOrder: { ...body('payoutOrderBody'), ownerless: true },
  listPayoutOrders: list,
  getPayoutOrder: { ...byId('payoutOrder'), ownerless: true },
  approvePayoutOrder: { ...byId('payoutOrder'), ownerless: true },
  rejectPayoutOrder: { ...byId('payoutOrder', { reason: 'x' }), ownerless: true },
  holdPayoutOrder: { ...byId('payoutOrder', { reason: 'x' }), ownerless: true },
  releasePayoutOrder: { ...byId('heldPayout'), ownerless: true },
  cancelPayoutOrder: { ...byId('payoutOrder', { reason: 'x' }), ownerless: true },
  askForPayoutOrder: {
    make: async (org) => ({ id: (await org.sentPayout()).id }),
    ownerless: true,
  },
  submitPayoutOrder: {
    make: async (org) => ({ id: (await org.approvedPayout('payout-orders')).id }),
    ownerless: true,
  },
  sendPayoutList: { ...body('bankListBody'), ownerless: true },
  listPayoutLists: list,
  getPayoutList: { ...byId('bankList'), ownerless: true },
  downloadPayoutList: { ...byId('bankList'), ownerless: true },
  importPayoutResults: {
    ...byId('bankList', { csv: '序号,业务参考号,金额,状态,原因\n合计,0,0.00,,' }),
    ownerless: true,
  },
  recordCashSignatures: {
    make: async (org) => {
      const { id, orderId } = await org.cashList();
      const signedAt = new Date().toISOString();
      const entry = { orderId, amount: { amount: 10_000, currency: 'CNY' }, signed: 'thumb', signedAt };
      return { id, body: { entries: [entry] } };
    },
    ownerless: true,
  },
  // Nobody here signs as WeChat Pay does.
  notifyWechat: { make: () => ({ body: {} }), own: [401], ownerless: true },
  importStatementLines: { make: (org) => ({ body: [org.statementLine()] }), ownerless: true },
  completeStatement: {
    make: () => ({ body: { source: 'bank', rail: 'bank', from: '2020-01-01', to: '2020-01-02' } }),
    ownerless: true,
  },
  getReconciliation: list,
  listReconciliationItems: list,
  listStatementLines: list,
  getReconciliationItem: { ...byId('reconciliationItem'), ownerless: true },
  decideReconciliationItem: {
    ...byId('reconciliationItem', { as: 'explained', reason: 'x' }),
    ownerless: true,
  },
  recheckReconciliationItem: { ...byId('reconciliationItem'), own: [409], ownerless: true },
  matchPayoutOrder: { make: async (org) => ({ id: (await org.bankList()).orderId }), ownerless: true },
  listApiKeys: list,
  rotateApiKey: byId('key'),
  revokeApiKey: byId('key'),
  listCollectors: list,
  registerCollector: body('collectorBody'),
  getCollector: byId('collector'),
  changeCollector: byId('collector', { name: 'x' }),
  closeCollector: byId('collector'),
  changeCollectorConsent: byId('collector', { version: '2', at: '2026-11-24T06:30:00+08:00' }),
  issueCard: byId('collector', { pin: '4711' }),
  blockCard: byId('cardHolder'),
  getCard: byId('cardHolder'),
  deletePersonalData: byId('collector'),
  listDevices: list,
  enrolDevice: body('deviceBody'),
  getDevice: byId('device'),
  changeDevice: byId('device', { name: 'x' }),
  enrolDeviceAgain: byId('device', { publicKey: 'A'.repeat(43) }),
  closeDevice: byId('device'),
  checkWeigh: byId('scale', {
    nominalGrams: 10_000,
    readGrams: 10_000,
    checkedAt: '2026-11-24T06:00:00+08:00',
  }),
  listCheckWeights: byId('scale'),
  listVessels: list,
  registerVessel: body('vesselBody'),
  getVessel: byId('vessel'),
  changeVessel: byId('vessel', { name: 'x' }),
  closeVessel: byId('vessel'),
  publishTariff: { make: (org) => ({ body: org.tariffBody() }), ownerless: true },
  listTariffs: list,
  getEffectiveTariff: list,
  getTariff: { make: async (org) => ({ id: (await org.tariff()).id }), ownerless: true },
  publishTaxRule: { make: (org) => ({ body: org.taxRuleBody() }), ownerless: true },
  listTaxRules: list,
  getEffectiveTaxRule: list,
  getTaxRule: byIdOwnerless('taxRule'),
  consentToInvoicing: byIdWith('collector', 'invoicingConsentBody'),
  recordReverseInvoice: { make: async (org) => ({ body: await org.invoiceBody() }), ownerless: true },
  reddenReverseInvoice: {
    make: async (org) => ({ id: (await org.invoice()).id, body: { ...org.redLetterBody() } }),
    ownerless: true,
  },
  releaseWithheldTax: { make: async (org) => ({ body: await org.taxReleaseBody() }), ownerless: true },
  listReverseInvoices: list,
  listReverseInvoicesDue: list,
  getReverseInvoice: byIdOwnerless('invoice'),
  getSellerTaxes: { ...byId('collector'), across: ['operator', 'payer', 'auditor'] },
  getReverseInvoiceMonth: { make: () => ({ id: '2026-11' }), ownerless: true },
  exportReverseInvoiceMonth: { make: () => ({ id: '2026-11' }), ownerless: true },
  setPresets: { make: () => ({ body: { tiles: [] } }), ownerless: true },
  setSitePresets: { make: (org) => ({ id: org.siteId, body: { tiles: [] } }) },
  getStationPack: { make: (org) => ({ id: org.siteId }), across: ['operator'] },
  recordCollection: body('collectionBody'),
  recordCollections: { make: (org) => ({ body: [org.collectionBody()] }) },
  listCollections: list,
  getCollection: byId('collection'),
  correctCollection: byId('collection', { grossGrams: 9_000, reason: 'x' }),
  voidCollection: byId('collection', { reason: 'x' }),
  confirmCollection: {
    make: async (org) => {
      const { id, card } = await org.spokenFor();
      return { id, body: { method: 'pin', card } };
    },
  },
  listConfirmations: byId('spokenFor'),
  issueLink: byId('spokenFor', {}),
  disputeCollection: byId('collection', { about: 'weight' }),
  listDisputes: byId('collection'),
  getDisputeFigure: list,
  readLink: byId('link'),
  confirmThroughLink: { ...byIdWith('link', 'linkConfirmation'), own: [201] },
  disputeThroughLink: { ...byId('link', { about: 'weight' }), own: [201] },
  issuePassbookLink: byId('collector', {}),
  openPassbook: {
    make: async (org) => ({ body: { card: (await org.spokenFor()).card } }),
  },
  readPassbook: byId('passbook'),
  closePassbook: byId('passbook'),
  confirmThroughPassbook: {
    make: async (org) => {
      const { id, collectionId } = await org.passbook();
      return { id, body: { ...org.linkConfirmation, collectionId } };
    },
    own: [201],
  },
  disputeThroughPassbook: {
    make: async (org) => {
      const { id, collectionId } = await org.passbook();
      return { id, body: { collectionId, about: 'weight' } };
    },
    own: [201],
  },
  issueIncomeStatement: {
    make: async (org) => {
      const { id } = await org.cardHolder();
      const evidence = ['a'.repeat(64)];
      return { id, body: { lender: 'x', from: '2026-01', to: '2026-01', evidence } };
    },
  },
  listIncomeStatements: byId('collector'),
  revokeIncomeStatement: byId('statement'),
  issueOwnIncomeStatement: {
    ...byId('passbook', { lender: 'x', from: '2026-01', to: '2026-01' }),
    own: [201],
  },
  listOwnIncomeStatements: byId('passbook'),
  revokeOwnIncomeStatement: {
    make: async (org) => {
      const { id } = await org.passbook();
      const asked = { lender: 'x', from: '2026-01', to: '2026-01' };
      const { body } = await org.station.post(`/v1/passbooks/${id}/income-statements`, asked);
      return { id, body: { statementId: body.id } };
    },
    own: [200, 409],
  },
  checkIncomeStatement: {
    make: async (org) => {
      const { id } = await org.passbook();
      const asked = { lender: 'x', from: '2026-01', to: '2026-01' };
      const { body } = await org.station.post(`/v1/passbooks/${id}/income-statements`, asked);
      return { id: JSON.parse(Buffer.from(body.jws.split('.')[1], 'base64url').toString()).code };
    },
  },
  verifyIncomeStatement: { make: () => ({ body: { jws: 'x.y.z' } }), ownerless: true },
  getIncomeStatementKeys: list,
  getCollectionReceiptText: byId('collection'),
  getPaymentReceiptText: { ...byId('payment'), across: ['operator', 'payer'] },
  markCollection: { ...byId('collection', { code: 'review' }), across: CHECKERS },
  registerContainer: body('containerBody'),
  listContainers: list,
  getContainer: byId('filledContainer'),
  fillContainer: {
    make: async (org) => ({
      id: (await org.container()).id,
      body: { lots: [{ lotId: await org.lotId() }] },
    }),
  },
  takeOutOfContainer: {
    make: async (org) => {
      const { id } = await org.container();
      const lots = [{ lotId: await org.lotId() }];
      await org.station.post(`/v1/containers/${id}/fill`, { lots });
      return { id, body: { lots } };
    },
  },
  sealContainer: byId('filledContainer', { sealNumber: 'x' }),
  openContainer: byId('sealedContainer'),
  closeContainer: byId('container'),
  getLot: lot,
  sampleLot: {
    make: async (org) => ({ id: await org.lotId(), body: { kind: 'moisture', basisPoints: 80 } }),
  },
  weighLot: {
    make: async (org) => ({
      id: await org.lotId(),
      body: { grossGrams: 10_000, tareGrams: 0, weighedAt: new Date().toISOString() },
    }),
  },
  listWeighings: lot,
  getLotProvenance: lot,
  getLotTrail: lot,
  getLotDestinations: lot,
  listCases: list,
  // Whoever profits may not decide, so nobody of the organisation; who decides then is the test of cases.
  decideCase: { ...byId('openCase', { outcome: 'loss' }), own: [200, 201, 403, 409], across: CHECKERS },
  listMarks: list,
  markLot: { make: async (org) => ({ id: await org.lotId(), body: { code: 'review' } }), across: CHECKERS },
  markShipment: { ...byId('shipment', { code: 'review' }), across: CHECKERS },
  markProcessRun: { ...byId('run', { code: 'review' }), across: CHECKERS },
  clearMark: { ...byId('openMark', {}), own: [200, 201, 403], across: CHECKERS },
  dispatchShipment: body('shipmentBody'),
  listShipments: list,
  getShipment: byId('shipment'),
  voidShipment: byId('shipment', { reason: 'x' }),
  voidReceipt: byId('receivedShipment', { reason: 'x' }),
  receiveShipment: byId('shipment', { measuredGrams: 10_000 }),
  completeProcessRun: body('runBody'),
  getProcessRun: byId('run'),
  voidProcessRun: byId('run', { reason: 'x' }),
  admitOutsideMaterial: body('outsideBody'),
  listOutsideMaterials: list,
  getOutsideMaterial: byId('outside'),
  voidOutsideMaterial: byId('outside', { reason: 'x' }),
  disposeMaterial: body('disposalBody'),
  listDisposals: list,
  getDisposal: byId('disposal'),
  voidDisposal: byId('disposal', { reason: 'x' }),
  reportIncident: body('incidentBody'),
  listIncidents: list,
  getIncident: byId('incident'),
  voidIncident: byId('incident', { reason: 'x' }),
  // Any warehouse may be asked, by anybody's vessel.
  declarePollutants: { ...body('declarationBody'), ownerless: true },
  listPollutantDeclarations: list,
  countPollutantDeclarations: list,
  getPollutantDeclaration: byId('declaration'),
  acceptPollutantDeclaration: byIdWith('declaration', 'etaBody'),
  reassignPollutantDeclaration: byIdWith('acceptedDeclaration', 'etaBody'),
  refusePollutantDeclaration: byId('declaration', { reason: 'x' }),
  cancelPollutantDeclaration: byId('declaration', { reason: 'x' }),
  receivePollutants: body('receptionBody'),
  receivePollutantsInBulk: { make: (org) => ({ body: [org.receptionBody()] }) },
  listPollutantReceptions: list,
  getPollutantReception: byId('reception'),
  voidPollutantReception: byId('reception', { reason: 'x' }),
  getPollutantNote: byId('reception'),
  printPollutantNote: byId('reception'),
  changePollutantSettings: byId('site', { storageDays: [{ material: 'sewage', days: 30 }] }),
  sendPollutants: body('transferBody'),
  receivePollutantTransfer: byIdWith('transfer', 'arrivalBody'),
  listPollutantTransfers: list,
  getPollutantTransfer: byId('transfer'),
  treatPollutants: body('treatmentBody'),
  listPollutantTreatments: list,
  getPollutantTreatment: byId('treatment'),
  losePollutants: body('pollutantLossBody'),
  listPollutantLosses: list,
  getPollutantLoss: byId('pollutantLoss'),
  getPollutantStock: { make: (org) => ({ id: org.siteId }) },
  getPeriod: { make: (org) => ({ id: org.siteId }) },
  sealBatch: body('batchBody'),
  listBatches: list,
  getBatch: byId('batch'),
  getBatchProvenance: byId('batch'),
  unsealBatch: byId('batch', { reason: 'x' }),
  reserveBatch: byIdWith('batch', 'reservationBody'),
  releaseBatch: byId('reservedBatch'),
  sellBatch: byIdWith('batch', 'saleBody'),
  voidSale: byId('soldBatch', { reason: 'x' }),
  deliverBatch: byIdWith('soldBatch', 'deliveryBody'),
  payBatch: byIdWith('soldBatch', 'paymentBody'),
  voidBatchEntry: {
    make: async (org) => {
      const { id } = await org.batch();
      const { body } = await org.station.post(`/v1/batches/${id}/costs`, org.costBody);
      return { id, body: { entrySeq: body.receipt.seq, reason: 'x' } };
    },
  },
  bookBatchCost: byIdWith('batch', 'costBody'),
  returnBatch: byIdWith('soldBatch', 'returnBody'),
  getBatchEntries: byId('soldBatch'),
  makeProduct: body('productBody'),
  listProducts: list,
  getProduct: byId('product'),
  voidProduct: byId('product', { reason: 'x' }),
  publishDistributionRule: {
    make: () => ({
      body: { shares: [{ to: 'collectors', basisPoints: 6_000, base: 'margin-after-costs' }] },
    }),
    ownerless: true,
  },
  listDistributionRules: list,
  getBatchDistributions: byId('soldBatch'),
  nameFundHolder: { make: ({ organisationId }) => ({ body: { organisationId } }), ownerless: true },
  depositToFund: {
    make: async (org) => {
      await org.fundHolder();
      return { body: { source: 'grant', amount: { amount: 1, currency: 'CNY' } } };
    },
    ownerless: true,
  },
  getFund: list,
  listFundDeposits: list,
  listFundDistributions: list,
  proposeFundGift: { ...body('fundGiftBody'), ownerless: true },
  listFundProposals: list,
  getFundProposal: { ...byId('fundGift'), ownerless: true },
  approveFundGift: { ...byId('fundGift'), ownerless: true },
  rejectFundGift: { ...byId('fundGift'), ownerless: true },
  getCollectorFundDistributions: { ...byId('collector'), across: ['operator', 'payer', 'auditor'] },
  publishPaymentProof: { ...byId('paidBatch'), ownerless: true },
  getPaymentProof: byId('provenBatch'),
  readOwnPaymentProofs: {
    make: async (org) => ({ body: { card: (await org.spokenFor()).card } }),
    ownerless: true,
  },
  readPaymentProofsThroughLink: byId('link'),
  getCollectorDistributions: { ...byId('collector'), across: ['operator', 'payer', 'auditor'] },
  getSchemes: list,
  getScheme: { make: async (org) => ({ id: await org.scheme() }), ownerless: true },
  publishScheme: {
    make: () => ({
      id: `scheme-${randomUUID()}`,
      body: { rules: { ...SHIPPED['traceability-statement'], issues: 'pre-check' } },
    }),
    ownerless: true,
  },
  getEligibility: {
    make: async (org) => ({ id: (await org.soldBatch()).id, query: `?scheme=${await org.scheme()}` }),
  },
  requestStatement: body('statementBody'),
  registerCertificate: { make: async (org) => ({ body: await org.certificateBody() }), ownerless: true },
  listCertificates: list,
  getCertificate: { ...byId('certificate'), ownerless: true },
  checkCertificate: {
    ...byId('certificate', { checkedAt: '2026-11-24T06:30:00+08:00', state: 'in-force' }),
    ownerless: true,
  },
  verifyCode: { make: () => ({ id: '0123456789ABCDEF' }) },
  verifyCodes: { make: () => ({ body: { codes: ['0123456789ABCDEF'] } }) },
  listStatements: list,
  getStatement: byId('batchStatement'),
  // Whoever sold the grams profits, so nobody of the organisation decides.
  approveStatement: { ...byId('batchStatement', {}), own: [201, 403], across: APPROVERS },
  refuseStatement: { ...byId('batchStatement', { reason: 'x' }), own: [201, 403], across: APPROVERS },
  suspendStatement: {
    ...byId('issuedStatement', { reason: 'x' }),
    own: [201, 403],
    across: [...APPROVERS, 'regulator'],
  },
  reinstateStatement: { ...byId('suspendedStatement', {}), own: [201, 403], across: APPROVERS },
  revokeStatement: { ...byId('issuedStatement', { reason: 'x' }), own: [201, 403], across: APPROVERS },
  withdrawStatement: byId('batchStatement', { reason: 'x' }),
  // The buyer holds the claims, and no key of the seller's is his.
  reserveClaim: { ...body('claimBody'), own: [201, 422] },
  issueClaim: { ...byId('claim'), own: [201, 404] },
  transferClaim: {
    make: async (org) => ({
      id: (await org.issuedClaim()).id,
      body: { toOrganisationId: org.organisationId, goods: { reference: 'x' } },
    }),
    own: [201, 404],
  },
  retireClaim: { ...byId('issuedClaim', { productId: randomUUID() }), own: [422, 404] },
  cancelClaim: { ...byId('claim', { reason: 'x' }), own: [201, 404] },
  listClaims: list,
  getClaim: byId('claim'),
  getClaimText: { ...byId('claim'), own: [422] },
  readRegister: list,
  exportRegister: list,
  readOutsideListings: list,
  recordOutsideListing: {
    ...body('listingBody'),
    across: ['operator', 'certifier', 'auditor', 'regulator'],
  },
  withdrawOutsideListing: { ...byId('listing', { reason: 'x' }), ownerless: true },
  getAnomalyRules: list,
  setAnomalyRule: {
    make: () => ({ id: 'far-from-site', body: { parameters: { maxMetres: 1 + randomInt(1_000_000) } } }),
    ownerless: true,
  },
  listAnomalies: list,
  getFigures: list,
  getFigure: { make: () => ({ id: 'field-check-share' }), ownerless: true },
  downloadFigure: { make: () => ({ id: 'deliveries' }), ownerless: true },
  listEmissionFactors: list,
  publishEmissionFactors: {
    ownerless: true,
    make: () => ({
      body: {
        ...{ scope: 'x', moistureBasisPoints: 0, substitutionBasisPoints: 0, collectionTransportGrams: 0 },
      },
    }),
  },
  listLedgerEntries: list,
  getLedgerEntry: { make: () => ({ id: 0 }) },
  listLogKeys: list,
  addLogKey: { make: (org) => ({ body: org.logKeyBody() }), ownerless: true },
  retireLogKey: {
    make: async (org) => {
      const { id, ...body } = await org.logKeyToRetire();
      return { id, body };
    },
    ownerless: true,
  },
  getCheckpoint: list,
  getTile: { make: () => ({ id: '0/000.p/1' }) },
  getInclusionProof: { make: () => ({ id: 0 }) },
  getEntryBundle: { make: async (org) => ({ id: (await org.collection()).receipt.seq }) },
  getBatchBundle: byId('batch'),
  getConsistencyProof: { make: () => ({ query: '?from=1&to=1' }) },
  getLedgerOpening: {
    make: async (org) => ({ id: (await org.collection()).receipt.seq }),
    across: ['operator'],
  },
  openAudit: { make: async (org) => ({ body: await org.auditBody() }), ownerless: true },
  listAudits: list,
  getAudit: { ...byId('audit'), across: ['operator', 'regulator'] },
  closeAudit: { ...byId('audit'), across: ['operator'] },
  getAuditSample: { ...byId('audit'), across: ['operator', 'regulator'] },
  getAuditPack: { make: (org) => org.auditOfSite(), across: ['operator'] },
  downloadAuditPack: { make: (org) => org.auditOfSite(), across: ['operator'] },
  printAuditPack: { make: (org) => org.auditOfSite(), across: ['operator'] },
  listAuditReads: { ...byId('audit'), across: ['operator', 'regulator'] },
  recordAuditFinding: { ...byIdWith('audit', 'findingBody'), across: [] },
  listAuditFindings: list,
  answerAuditFinding: { ...byId('findingOfOwn', { text: 'x' }), across: ['operator'] },
  judgeAuditFinding: { ...byId('findingOfOther', { outcome: 'withdrawn' }), across: [] },
  getVerifyPage: list,
  getVerifyFile: { make: () => ({ id: 'page.js' }) },
  getVocabulary: list,
  live: list,
  ready: list,
  metrics: list,
};

/** What stands in every list. */
const makeOneOfEach = async (org: Things): Promise<void> => {
  for (const make of [
    org.collector,
    org.device,
    org.float,
    org.waiting,
    org.vessel,
    org.container,
    org.key,
    org.run,
    org.batch,
    org.product,
    org.openCase,
    org.outside,
    org.disposal,
    org.incident,
    org.declaration,
    org.reception,
    org.transfer,
    org.treatment,
    org.pollutantLoss,
    org.anomaly,
    org.fundGift,
    org.batchStatement,
    org.findingOfOwn,
    org.claim,
  ])
    await make();
};

type Operation = {
  operationId: string;
  method: string;
  url: string;
  roles: string[];
  open: boolean;
  /** Open to all, and a key that is sent must be good. */
  mayIdentify: boolean;
  withId: boolean;
};

const operationsOf = (app: TestApp): Operation[] => {
  const { paths } = app.app.swagger() as unknown as {
    paths: Record<
      string,
      Record<string, { operationId: string; 'x-roles'?: string[]; security?: unknown[] }>
    >;
  };
  return Object.entries(paths).flatMap(([url, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      operationId: operation.operationId,
      method: method.toUpperCase(),
      url,
      roles: operation['x-roles'] ?? [],
      open: operation['x-roles']?.length === 0,
      mayIdentify: operation['x-roles']?.length === 0 && operation.security!.length > 0,
      withId: url.includes('{'),
    })),
  );
};

t.test(
  'every operation answers every role as its x-roles say, and nobody across organisations',
  async (t) => {
    const app = await startTestApp(t);
    const [ours, theirs] = [
      await thingsOf(app, `ours-${randomUUID().slice(0, 8)}`),
      await thingsOf(app, `theirs-${randomUUID().slice(0, 8)}`),
    ];
    const clients = new Map<string, Client>();
    for (const role of ROLES) clients.set(role, await app.keyFor(ours.organisationId, role));
    const revoked = await app.keyFor(ours.organisationId, 'station');
    await app.operator.post(`/v1/api-keys/${revoked.id}/revoke`);
    const expiresAt = new Date(Date.now() + 700).toISOString();
    const expired = await app.keyFor(ours.organisationId, 'station', { expiresAt });
    // One of each stands there, so that lists would show them.
    for (const org of [ours, theirs]) await makeOneOfEach(org);
    await sleep(Math.max(0, Date.parse(expiresAt) - Date.now()) + 5);

    const ask = async (client: Client, { method, url }: Operation, { id, body: sent, query = '' }: Made) => {
      const path = url.replace('{month}', '2026-10').replace(/\{[\w*]+\}/, String(id)) + query;
      const response = await app.app.inject({
        method: method as 'GET',
        url: path,
        headers: client.secret === '' ? {} : { authorization: `Bearer ${client.secret}` },
        ...(sent === undefined ? {} : { payload: sent as object }),
      });
      const text = response.body;
      // An upload answers for each item.
      const [item] = url.endsWith('/batch') && response.statusCode === 200 ? response.json().items : [];
      return { status: (item?.status ?? response.statusCode) as number, text };
    };
    const settled = async () =>
      app.deps.follower.reaches((await app.deps.pool.query('SELECT size FROM head')).rows[0].size - 1, 5_000);

    const operations = operationsOf(app);
    t.ok(operations.length > 25, `${operations.length} operations`);
    let cells = 0;
    for (const operation of operations) {
      const { operationId, roles, open, method, withId } = operation;
      const row = TABLE[operationId];
      if (row === undefined) {
        t.fail(
          `${operationId} (${method} ${operation.url}) is not in the table: add a line to TABLE in test/access-matrix.test.ts ` +
            `that says how to make its path id and body, such as ${operationId}: byId('shipment', { … })`,
        );
        continue;
      }
      const make = async (org: Things, role: string): Promise<Made> => (await row.make?.(org, role)) ?? {};
      const wrong: string[] = [];
      const expect = (who: string, got: { status: number; text: string }, expected: readonly number[]) => {
        cells++;
        if (!expected.includes(got.status))
          wrong.push(`${who}: ${got.status}, expected ${expected} ${got.text.slice(0, 200)}`);
      };
      const spare = await make(ours, 'station');
      for (const [who, secret] of [
        ['no key', ''],
        ['an unknown key', 'bck_unknown_key'],
        ['a revoked key', revoked.secret],
        ['an expired key', expired.secret],
      ] as const)
        expect(
          who,
          await ask(app.client(secret), operation, spare),
          open && !(operation.mayIdentify && secret !== '') ? (row.own ?? [200]) : [401],
        );
      const across = row.across ?? (method === 'GET' ? CHECKERS : ['operator']);
      for (const role of ROLES) {
        const client = clients.get(role)!;
        const may = open || roles.includes(role);
        const own = may ? await make(ours, role) : spare;
        const foreign = may && row.ownerless !== true ? await make(theirs, role) : undefined;
        await settled();
        expect(`${role}, own`, await ask(client, operation, own), may ? (row.own ?? [200, 201]) : [403]);
        if (foreign === undefined) {
          const { text } = await ask(client, operation, own);
          if (!CHECKERS.includes(role) && text.includes(theirs.canary))
            wrong.push(`${role} was shown what is theirs`);
          continue;
        }
        const got = await ask(client, operation, foreign);
        const reach = open || across.includes(role);
        expect(`${role}, theirs`, got, reach ? (row.own ?? [200, 201]) : [withId ? 404 : 422]);
        if (!reach && got.text.includes(theirs.canary)) wrong.push(`${role} was shown what is theirs`);
        if (reach || !withId) continue;
        // Theirs and nobody's look the same.
        const nobody = await ask(client, operation, {
          ...foreign,
          id: typeof foreign.id === 'number' ? 9_999_999 : randomUUID(),
        });
        expect(`${role}, nobody’s`, nobody, [404]);
        const shape = (text: string) => JSON.stringify({ ...JSON.parse(text), requestId: '' });
        if (shape(nobody.text) !== shape(got.text)) wrong.push(`${role} can tell theirs from nobody’s`);
      }
      t.same(wrong, [], `${method} ${operation.url}`);
    }
    const stale = Object.keys(TABLE).filter((name) => !operations.some((o) => o.operationId === name));
    t.same(stale, [], 'the table names only operations there are');
    t.ok(cells > 400, `${cells} cells`);
  },
);

t.test('a key limited to one site does not reach the other site of its own organisation', async (t) => {
  const app = await startTestApp(t);
  const org = await thingsOf(app, 'mine');
  const limited = await app.keyFor(org.organisationId, 'station', { siteIds: [org.secondSiteId] });
  const elsewhere = await org.collection();
  t.equal((await limited.post('/v1/collections', org.collectionBody())).status, 422);
  t.equal((await limited.get(`/v1/collections/${elsewhere.id}`)).status, 404);
  t.equal((await limited.get(`/v1/lots/${elsewhere.lot.id}`)).status, 404);
  t.equal((await limited.get(`/v1/sites/${org.siteId}`)).status, 404);
  t.equal((await limited.get(`/v1/ledger/entries/${elsewhere.receipt.seq}/opening`)).status, 404);
  t.same(
    (await limited.get('/v1/sites')).body.items.map((s: { id: string }) => s.id),
    [org.secondSiteId],
  );
  await app.deps.follower.reaches(elsewhere.receipt.seq, 5_000);
  t.same((await limited.get('/v1/collections')).body.items, []);
  t.equal(
    (await limited.post('/v1/collections', { ...org.collectionBody(), siteId: org.secondSiteId })).status,
    201,
  );
  const wider = { organisationId: org.organisationId, role: 'station', holder: 'x' };
  t.equal((await limited.post('/v1/api-keys', wider)).status, 403, 'and makes no wider key');
  t.equal((await limited.post('/v1/api-keys', { ...wider, siteIds: [org.secondSiteId] })).status, 201);
});

t.test('what is theirs appears in no list, on no page of it', async (t) => {
  const app = await startTestApp(t);
  const [ours, theirs] = [await thingsOf(app, 'ours-canary'), await thingsOf(app, 'theirs-canary')];
  for (const org of [ours, theirs, ours, theirs]) await makeOneOfEach(org);
  const { receipt } = await ours.collection();
  await app.deps.follower.reaches(receipt.seq, 5_000);
  // What the rules found is written by a follower: each organisation made two such weigh-ins.
  const found = async () => (await app.operator.get('/v1/anomalies')).body.items.length as number;
  for (let tries = 0; (await found()) < 4 && tries < 500; tries++) await sleep(10);
  for (const { operationId, url, method, withId } of operationsOf(app)) {
    // What is listed under a thing of the path is reached through that thing alone: the first test asks for it.
    if (method !== 'GET' || withId || !operationId.startsWith('list') || url.includes('/ledger/')) continue;
    // One tariff is in force for every station; the books are not for stations.
    if (operationId === 'listTariffs' || operationId === 'listAccounts') continue;
    // Who shares in a batch's money is a rule of the programme, and public.
    if (operationId === 'listDistributionRules') continue;
    // Certificates of outside bodies are in a public register.
    if (operationId === 'listCertificates' || operationId === 'listEmissionFactors') continue;
    // What the fund got and gave is public; what is proposed is for those who keep it.
    if (operationId.startsWith('listFund')) continue;
    if (operationId === 'listPayoutRuns' || operationId === 'listPayoutOrders') continue;
    if (['listPayoutLists', 'listReconciliationItems', 'listStatementLines'].includes(operationId)) continue;
    // Who is audited is for those who run, oversee or audit.
    if (operationId === 'listUnclaimed' || operationId === 'listAudits') continue;
    // Taxes and invoices are for those who keep the books.
    if (operationId === 'listTaxRules' || operationId.startsWith('listReverseInvoices')) continue;
    let cursor: string | null = '';
    let [pages, items] = [0, 0];
    while (cursor !== null && pages < 100) {
      const answer = await ours.station.get(`${url}?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const text = JSON.stringify(answer.body);
      if (answer.status !== 200 || text.includes(theirs.canary))
        t.fail(`${url} page ${pages}: ${answer.status} ${text.slice(0, 200)}`);
      items += answer.body.items?.length ?? 0;
      cursor = answer.body.nextCursor ?? null;
      pages++;
    }
    t.ok(items > 0, `${url}: ${items} of ours on ${pages} pages`);
    const all = (await app.operator.get(url)).body.items?.length ?? 0;
    t.ok(all > items, `${url}: there are ${all} in all, as the operator sees`);
  }
});
