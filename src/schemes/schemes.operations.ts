import { canonicalJson } from '../kernel/canonical.ts';
import { conflict, DomainError, unprocessable } from '../kernel/errors.ts';
import { CLAIMABLE_ORIGINS, MATERIALS, ORIGIN_CLASSES, STEPS } from '../kernel/vocabulary.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { custodyModels } from '../provenance/custody-model.ts';
import type { SchemeRules } from './rules.ts';
import { schemePublished } from './schemes.facts.ts';
import type { SchemeRequest } from './schemes.schema.ts';
import { schemes } from './schemes.tables.ts';
import { SHIPPED } from './shipped.ts';

export type SchemeAnswer = { code: string; version: number };

const EVIDENCE = ['track', 'position', 'declared', 'certificate'] as const;

const known = (list: readonly string[], value: string, pointer: string): void => {
  if (!list.includes(value))
    throw unprocessable('unknown_code', pointer, `must be one of ${list.join(', ')}`);
};

/** 422 for a code nobody knows, an origin twice, or one that can never be claimed. */
const checkRules = ({ origins, custodyModels: models, norms, issues }: SchemeRules, role: string): void => {
  const seen = new Set<string>();
  for (const [i, { originClass, evidence }] of origins.entries()) {
    const pointer = `/rules/origins/${i}`;
    known(ORIGIN_CLASSES, originClass, `${pointer}/originClass`);
    if (!CLAIMABLE_ORIGINS.includes(originClass))
      throw unprocessable('never_claimable', `${pointer}/originClass`, 'can never be claimed; leave it out');
    if (seen.has(originClass))
      throw unprocessable('named_twice', `${pointer}/originClass`, 'is named already');
    seen.add(originClass);
    for (const [j, kind] of evidence.entries()) known(EVIDENCE, kind, `${pointer}/evidence/${j}`);
  }
  for (const [i, model] of models.entries()) known(custodyModels, model, `/rules/custodyModels/${i}`);
  for (const [i, { step, material }] of norms.entries()) {
    known(STEPS, step, `/rules/norms/${i}/step`);
    known(MATERIALS, material, `/rules/norms/${i}/material`);
  }
  if (issues === 'certificate' && role !== 'certifier')
    throw unprocessable(
      'not_a_body',
      '/rules/issues',
      'may be certificate only where a certification body publishes it; write traceability-statement or pre-check',
    );
};

/** Puts the next version of a scheme in force. Whoever published it first sets its rules; 403 `not_yours`. */
export const publishScheme: Operation<SchemeRequest & { code: string }, SchemeAnswer> = {
  name: 'scheme.publish',
  roles: ['operator', 'certifier'],
  status: 200,
  decide(world, { code, ...request }, { caller }) {
    const rules = request.rules ?? (Object.hasOwn(SHIPPED, code) ? SHIPPED[code] : undefined);
    if (rules === undefined)
      throw unprocessable(
        'rules_needed',
        '/rules',
        `must be given: none are shipped under this code, but ${Object.keys(SHIPPED).join(' and ')} are`,
      );
    checkRules(rules, caller.role);
    const before = world.get(schemes, code);
    if (before !== undefined && before.organisationId !== caller.organisationId)
      throw new DomainError('forbidden', 'not_yours', 'Another organisation sets the rules of this scheme.');
    if (before !== undefined && canonicalJson(before.rules) === canonicalJson(rules))
      throw conflict('nothing_changed', 'The scheme is in force just so already.', {
        version: before.version,
        seq: before.seq,
      });
    return draft({
      type: schemePublished,
      data: { code, version: (before?.version ?? 0) + 1, rules },
      private: { keyId: caller.keyId },
    });
  },
  answer: ({ data: { code, version } }) => ({ code, version }),
};
