import { z } from 'zod';

/** The codes of the contract. Names and explanations in both languages stand at GET /v1/vocabulary. */
export const ROLES = [
  'operator',
  'station',
  'warehouse',
  'carrier',
  'recycler',
  'brand',
  'certifier',
  'auditor',
  'fund',
  'payer',
  'regulator',
] as const;
export const SITE_KINDS = ['station', 'warehouse', 'recycler', 'manufacturer', 'disposal'] as const;

export const PLASTICS = [
  'pet',
  'pe-hd',
  'pe-ld',
  'pvc',
  'pp',
  'ps',
  'pa6',
  'abs',
  'pur',
  'other-plastic',
  'mixed-plastic',
] as const;
/** Neither a plastic nor a mixture of plastics. */
export const OTHER_MATERIALS = [
  'mixed-debris',
  'rubber',
  'textile',
  'metal',
  'glass',
  'wood',
  'organic',
  'sand',
  'residue',
  'sludge',
] as const;
export const MATERIALS = [...PLASTICS, ...OTHER_MATERIALS] as const;
/** Received, moved, treated and closed, and never in a plastic lot. */
export const POLLUTANTS = [
  'oily-water',
  'sewage',
  'waste-oil',
  'lead-acid-battery',
  'hazardous-other',
] as const;
export const FORMS = [
  'bottle',
  'rigid',
  'fishing-net',
  'rope',
  'foam',
  'film',
  'mixed',
  'bale',
  'flake',
  'pellet',
  'yarn',
  'product',
  'liquid',
] as const;
export const ORIGIN_CLASSES = [
  'sea-recovered',
  'shoreline',
  'waterway',
  'fishing-gear',
  'aquaculture-gear',
  'potential-ocean-bound',
  'vessel-waste',
  'gear-handed-in',
  'land',
  'none',
  'unknown',
] as const;
export const STEPS = [
  'consolidate',
  'sort',
  'bale',
  'wash',
  'shred',
  'pelletise',
  'wash-pelletise',
  'blend',
  'split',
] as const;
export const LOSS_KINDS = [
  'drained',
  'evaporated',
  'spilled',
  'scale-difference',
  'theft',
  'fire',
  'lost-at-sea',
  'sample',
  'stock-shortage',
  'taken-over',
  'unexplained',
] as const;
/** Material that no weigh-in of the programme brought in. */
export const OUTSIDE_KINDS = ['opening-stock', 'purchase', 'virgin', 'additive', 'regrind'] as const;
/** Ways out for good that are neither a loss nor a sale. */
export const EXIT_WAYS = ['disposal', 'released-uncertified', 'reused'] as const;
export const INCIDENT_KINDS = ['fire', 'theft', 'lost-at-sea'] as const;
export const DEDUCTION_KINDS = ['water', 'sand', 'organic', 'foreign'] as const;
export const BASES = ['weighed', 'counted', 'estimated'] as const;
export const MARKS = [
  'unresolved',
  'clock-doubtful',
  'late',
  'not-attested',
  'counter-gap',
  'counter-repeated',
  'scale-expired',
  'site-closed',
  'beyond-scale',
  'origin-declared',
  'origin-none',
  'duplicate-evidence',
  'far-from-site',
  'estimated',
  'device-closed',
  'yield-above-range',
  'yield-below-range',
  'no-line-clean',
  'certificate-expired',
  'surplus',
  'review',
  'seal-broken',
  'container-weight',
  'paper',
  'possible-duplicate',
  'implausible-mass',
  'check-weight-missing',
] as const;
export const CONTAINER_KINDS = ['bag', 'bin', 'big-bag'] as const;
export const CASE_KINDS = [
  'receipt-short',
  'receipt-surplus',
  'weigh-in-deficit',
  'load-lost',
  'late-count',
  'dispute',
  're-weighing',
  'pollutant-transfer',
  'anomaly',
] as const;
/** What a collector disputes of a weigh-in. */
export const DISPUTE_ABOUT = ['weight', 'deduction', 'price', 'person', 'other'] as const;
/** How a collector speaks; what is said on somebody's behalf confirms nothing. */
export const SPOKEN_WAYS = ['pin', 'card', 'sms', 'mark', 'on-behalf'] as const;
/** What vessels hand over at a reception: pollutants, and garbage that is not weighed in as a collection. */
export const VESSEL_WASTES = [...POLLUTANTS, 'mixed-debris'] as const;
/** What may stand in a stock of pollutants: also what their treatment leaves. */
export const POLLUTANT_STOCKS = [...VESSEL_WASTES, 'residue', 'sludge'] as const;
export const TREATMENT_METHODS = [
  'oil-separation',
  'oil-refining',
  'sewage-treatment',
  'battery-recycling',
  'incineration',
  'landfill',
  'other-treatment',
] as const;
export const DECLARATION_STATES = [
  'declared',
  'accepted',
  'received',
  'refused',
  'cancelled',
  'unanswered',
  'not-collected',
] as const;
/** What is doubtful about a reception of pollutants; it is received all the same. */
export const RECEPTION_MARKS = [
  'unresolved',
  'no-capability',
  'no-licence',
  'licence-expired',
  'site-closed',
  'late',
] as const;
/** What a cost of a batch was for. */
export const COST_KINDS = [
  'purchase',
  'collection',
  'transport',
  'processing',
  'storage',
  'certification',
  'other',
] as const;
/** What an account is for. What the programme has or spends stands on the debit side, what it owes or earns on the other. */
export const ACCOUNT_KINDS = [
  'payable',
  'provisional',
  'suspense',
  'overpaid',
  'purchases',
  'premiums',
  'bonuses',
  'float',
  'float-differences',
  'goods',
  'bank',
  'rail',
  'capital',
  'receivable',
  'sales',
  'batch-costs',
  'creditors',
  'undistributed',
  'hold-back',
  'operator-share',
  'fund',
  'tax-withheld',
  'unmatched',
  'write-offs',
  'vat-payable',
] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];
/** What a part of somebody's income is: by it rules say which tax is due. */
export const INCOME_KINDS = ['purchase', 'price-supplement', 'subsidy', 'wage', 'gift'] as const;
export type IncomeKind = (typeof INCOME_KINDS)[number];
/** Ways on which a person is paid. */
export const PAYOUT_RAILS = ['wechat', 'bank', 'cash'] as const;
export type PayoutRail = (typeof PAYOUT_RAILS)[number];
/** Where a payout order stands. */
export const PAYOUT_STATES = [
  'draft',
  'held',
  'approved',
  'rejected',
  'submitted',
  'unknown',
  'awaiting-confirmation',
  'cancelling',
  'paid',
  'failed',
  'expired',
  'returned',
  'cancelled',
] as const;
export type PayoutState = (typeof PAYOUT_STATES)[number];
/** Where money of the fund comes from, other than from trade with plastic. */
export const FUND_SOURCES = ['carbon-trade', 'donation', 'grant', 'interest', 'other'] as const;
export type FundSource = (typeof FUND_SOURCES)[number];
/** What the fund gives. */
export const FUND_GIFTS = ['money', 'goods', 'service', 'insurance'] as const;
export type FundGiftKind = (typeof FUND_GIFTS)[number];
/** Why an order waits. */
export const PAYOUT_HOLDS = ['payee-changed', 'account-shared', 'dispute', 'identity', 'by-hand'] as const;
export type PayoutHold = (typeof PAYOUT_HOLDS)[number];
/** Why nobody was paid what is unclaimed. */
export const UNCLAIMED_REASONS = [
  ...(['nobody-known', 'erased', 'no-payee', 'held', 'under-way', 'expired'] as const),
  ...(['failed', 'returned', 'not-ordered'] as const),
] as const;
export type UnclaimedReason = (typeof UNCLAIMED_REASONS)[number];
/** Why a line of a statement, or a payment without one, waits for people. */
export const RECONCILIATION_REASONS = [
  'missing-here',
  'no-reference',
  'missing-at-rail',
  'missing-at-bank',
  'amount-differs',
  'twice',
  'paid-after-end',
  'not-told-yet',
  'late-return',
  'contradicts',
] as const;
export type ReconciliationReason = (typeof RECONCILIATION_REASONS)[number];
/** What people make of it. */
export const RECONCILIATION_DECISIONS = [
  'explained',
  'to-account',
  'booked-elsewhere',
  'counts-as-paid',
  'accept-return',
] as const;
export type ReconciliationDecision = (typeof RECONCILIATION_DECISIONS)[number];
/** Marks that doubt where material comes from: while one is open, the origin premium is owed provisionally only. */
export const ORIGIN_MARKS: readonly string[] = [
  'origin-none',
  'origin-declared',
  'duplicate-evidence',
  'far-from-site',
];
/** Origin classes a gram may be claimed from; the rest are counted and never claimed. */
export const CLAIMABLE_ORIGINS: readonly string[] = [
  'sea-recovered',
  'shoreline',
  'waterway',
  'fishing-gear',
  'aquaculture-gear',
  'potential-ocean-bound',
];
/** Mixtures are not claimable before they are sorted. */
export const MIXTURES: readonly string[] = ['mixed-plastic', 'mixed-debris'];
/** Whether a lot of this kind may be claimed at all: plastic of one sort; never residue, sludge or a mixture. */
export const isClaimableKind = ({ material, form }: { material: string; form: string }): boolean =>
  (PLASTICS as readonly string[]).includes(material) && !MIXTURES.includes(material) && form !== 'mixed';

export const Material = z.enum([...MATERIALS, ...POLLUTANTS]);
export const PlasticLotMaterial = z.enum(MATERIALS);
export const Form = z.enum(FORMS);
export const OriginClass = z.enum(ORIGIN_CLASSES);
export const Step = z.enum(STEPS);
export const LossKind = z.enum(LOSS_KINDS);
export const OutsideKind = z.enum(OUTSIDE_KINDS);
export const ExitWay = z.enum(EXIT_WAYS);
export const IncidentKind = z.enum(INCIDENT_KINDS);
export const DeductionKind = z.enum(DEDUCTION_KINDS);
export const Basis = z.enum(BASES);
export const ContainerKind = z.enum(CONTAINER_KINDS);
export const CostKind = z.enum(COST_KINDS);
export const VesselWaste = z.enum(VESSEL_WASTES);
export const PollutantStockMaterial = z.enum(POLLUTANT_STOCKS);
export const TreatmentMethod = z.enum(TREATMENT_METHODS);
export const DeclarationState = z.enum(DECLARATION_STATES);
export const RoleCode = z.enum(ROLES);
