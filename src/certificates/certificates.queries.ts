import type { Reader } from '../db/reader.ts';
import type { ExternalCertificate } from './certificates.tables.ts';

const rows = (db: Reader) =>
  db
    .withTables<{ externalCertificates: ExternalCertificate }>()
    .selectFrom('externalCertificates')
    .selectAll();

/** Certificates in the order registered; one more than `limit`. */
export const listCertificates = (db: Reader, after: number, limit: number): Promise<ExternalCertificate[]> =>
  rows(db)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
    .execute();

export const findCertificate = (db: Reader, id: string): Promise<ExternalCertificate | undefined> =>
  rows(db).where('id', '=', id).executeTakeFirst();

type Covered = { siteId: string; day: string };

/** Whether what a site weighed on a day lies in the scope of a certificate of the body (ISO 22095: scope in time). */
export const covers = (
  { siteIds, validFrom, validUntil, endedOn }: ExternalCertificate,
  { siteId, day }: Covered,
): boolean =>
  siteIds.includes(siteId) && validFrom <= day && day <= validUntil && (endedOn === null || day < endedOn);

/** What the certificates of a scheme cover. */
export const scopeOf = async (db: Reader, scheme: string): Promise<(source: Covered) => boolean> => {
  const certificates = (await rows(db).execute()).filter(({ schemes }) => schemes.includes(scheme));
  return (source) => certificates.some((certificate) => covers(certificate, source));
};
