import { DomainError } from '../kernel/errors.ts';
import { UUID } from '../kernel/ids.ts';
import type { Ask } from './asking.ts';
import type { TextName } from './texts.ts';

/** One thing that a form of the console does: which operation of the API, and what it is told. */
export type Deed = {
  /** Of the page, with the id of what it is about. */
  path: string;
  /** The page it leads back to. */
  back: (id: string) => string;
  url: (id: string) => string;
  body: (fields: URLSearchParams) => object;
  /** What to say of the answer. */
  said: (answer: { state: string }) => TextName;
};

/** Browsers send line ends as CR LF; a note has line feeds. */
const textIn = (fields: URLSearchParams, name: string): string =>
  (fields.get(name) ?? '').replace(/\r\n?/g, '\n').trim();

/** A field that was left empty is not sent. */
const given = (fields: URLSearchParams, ...names: string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = textIn(fields, name);
      return value === '' ? [] : [[name, value]];
    }),
  );

/** Left out where it is no number: then the API is not told what was looked at, and the form was not ours. */
const numberIn = (fields: URLSearchParams, name: string): number =>
  Number(textIn(fields, name) || Number.NaN);

const STATEMENT_DEEDS = {
  approve: {
    said: ({ state }: { state: string }) => (state === 'issued' ? 'saidIssued' : 'saidApprovedFirst'),
  },
  reinstate: {
    said: ({ state }: { state: string }) => (state === 'issued' ? 'saidReinstated' : 'saidApprovedFirst'),
  },
  refuse: { said: () => 'saidRefused' },
  suspend: { said: () => 'saidSuspended' },
  revoke: { said: () => 'saidRevoked' },
} as const;

const ofStatements: Deed[] = Object.entries(STATEMENT_DEEDS).map(([name, { said }]) => ({
  path: `/console/statements/:id/${name}`,
  back: (id) => `/console/statements/${id}`,
  url: (id) => `/v1/statements/${id}/${name}`,
  body: (fields) =>
    name === 'approve' || name === 'reinstate' ? given(fields, 'note') : { reason: textIn(fields, 'reason') },
  said: said as Deed['said'],
}));

const RUN_DEEDS = {
  approve: 'saidRunApproved',
  reject: 'saidRunRejected',
  submit: 'saidRunSubmitted',
} as const;

const ofRuns: Deed[] = Object.entries(RUN_DEEDS).map(([name, said]) => ({
  path: `/console/runs/:id/${name}`,
  back: () => '/console/runs',
  url: (id) => `/v1/payout-runs/${id}/${name}`,
  // What was looked at is what is approved: the API refuses another count or total.
  body: (fields) =>
    name === 'approve' ? { count: numberIn(fields, 'count'), total: numberIn(fields, 'total') } : {},
  said: () => said,
}));

/** All that can be done in the console. */
export const DEEDS: readonly Deed[] = [
  {
    path: '/console/cases/:id/decision',
    back: () => '/console/cases?state=proposed',
    url: (id) => `/v1/cases/${id}/decision`,
    body: (fields) => given(fields, 'outcome', 'lossKind', 'note'),
    said: ({ state }) => (state === 'decided' ? 'saidDecided' : 'saidProposed'),
  },
  {
    path: '/console/marks/:id/clearing',
    back: () => '/console/marks',
    url: (id) => `/v1/marks/${id}/clearings`,
    body: (fields) => given(fields, 'note'),
    said: ({ state }) => (state === 'cleared' ? 'saidCleared' : 'saidProposed'),
  },
  {
    path: '/console/reconciliation/:id/decision',
    back: () => '/console/reconciliation?state=proposed',
    url: (id) => `/v1/reconciliation/items/${id}/decisions`,
    body: (fields) => ({
      ...given(fields, 'as', 'to'),
      reason: textIn(fields, 'reason'),
      ...(textIn(fields, 'bookedSeq') === '' ? {} : { bookedSeq: numberIn(fields, 'bookedSeq') }),
    }),
    said: ({ state }) => (state === 'closed' ? 'saidDecided' : 'saidProposed'),
  },
  {
    path: '/console/waiting/:id/decision',
    back: () => '/console/waiting',
    url: (id) => `/v1/collections/${id}/premium`,
    body: (fields) => given(fields, 'outcome', 'reason'),
    said: () => 'saidDecided',
  },
  ...ofStatements,
  ...ofRuns,
];

/** @throws Refused, with the API's own words; 400 for a form that was not made here */
export const perform = async (
  deed: Deed,
  ask: Ask,
  id: string,
  fields: URLSearchParams,
): Promise<TextName> => {
  const once = fields.get('once') ?? '';
  if (!UUID.test(once))
    throw new DomainError('malformed', 'elsewhere', 'The form is not one of this console.');
  return deed.said(await ask.post(deed.url(id), deed.body(fields), `console ${once}`));
};
