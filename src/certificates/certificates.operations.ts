import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { organisations, sites } from '../registry/registry.tables.ts';
import { schemes } from '../schemes/schemes.tables.ts';
import { certificateChecked, certificateRegistered } from './certificates.facts.ts';
import type { CertificateRequest, CheckRequest } from './certificates.schema.ts';
import { certificateNumbers, externalCertificates, numberKey } from './certificates.tables.ts';

export type CertificateAnswer = { id: string; state: 'in-force' | 'suspended' | 'withdrawn' };

/** 422 for an organisation, site or scheme nobody knows; 409 `registered_already` where the body's number is known. */
export const registerCertificate: Operation<CertificateRequest, CertificateAnswer> = {
  name: 'external-certificate.register',
  roles: ['operator', 'certifier'],
  status: 201,
  decide(world, input, { caller, id }) {
    const { organisationId, schemes: codes, siteIds, body, number } = input;
    if (world.get(organisations, organisationId) === undefined)
      throw unprocessable(
        'unknown_organisation',
        '/organisationId',
        'no such organisation; register it first',
      );
    world.need(sites, siteIds);
    for (const [i, siteId] of siteIds.entries())
      if (world.get(sites, siteId)?.organisationId !== organisationId)
        throw unprocessable('unknown_site', `/siteIds/${i}`, 'no such site of this organisation');
    for (const [i, code] of codes.entries())
      if (world.get(schemes, code) === undefined)
        throw unprocessable('unknown_scheme', `/schemes/${i}`, 'no such scheme in force');
    const known = world.get(certificateNumbers, numberKey(body, number));
    if (known !== undefined)
      throw conflict(
        'registered_already',
        'This certificate is registered; say what was found with a check.',
        {
          certificateId: known.certificateId,
          seq: known.lastSeq,
        },
      );
    const { id: _, note, approvalNumber, ...said } = input;
    return draft({
      type: certificateRegistered,
      data: {
        certificateId: id,
        ...said,
        ...(approvalNumber === undefined ? {} : { approvalNumber }),
      },
      private: { keyId: caller.keyId, ...(note === undefined ? {} : { note }) },
    });
  },
  answer: ({ data }) => ({ id: data.certificateId, state: 'in-force' }),
};

/** What the body's register said. 409 `older_check` when a later one is recorded. */
export const checkCertificate: Operation<CheckRequest & { certificateId: string }, CertificateAnswer> = {
  name: 'external-certificate.check',
  roles: ['operator', 'certifier', 'auditor', 'regulator'],
  status: 201,
  decide(world, { certificateId, checkedAt, state, endedOn, note }, { caller, now }) {
    const certificate = world.get(externalCertificates, certificateId);
    if (certificate === undefined) throw notFound('certificate');
    if (Date.parse(checkedAt) > now)
      throw unprocessable('in_the_future', '/checkedAt', 'must not be later than now');
    if (Date.parse(checkedAt) < Date.parse(certificate.checkedAt))
      throw conflict('older_check', 'A later check is recorded.', {
        certificateId,
        checkedAt: certificate.checkedAt,
        seq: certificate.lastSeq,
      });
    return draft({
      type: certificateChecked,
      data: {
        ...{ certificateId, seq: certificate.lastSeq, checkedAt, state },
        ...(endedOn === undefined ? {} : { endedOn }),
      },
      private: { keyId: caller.keyId, ...(note === undefined ? {} : { note }) },
    });
  },
  answer: ({ data }) => ({ id: data.certificateId, state: data.state }),
};
