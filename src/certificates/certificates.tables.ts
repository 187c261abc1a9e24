import { table } from '../db/table.ts';

/** A certificate of an outside body: what it covers, from which day to which. */
export type ExternalCertificate = {
  id: string;
  seq: number;
  lastSeq: number;
  /** Whose sites it covers. */
  organisationId: string;
  body: string;
  /** Of the body, by whoever approves bodies (in China: CNCA). */
  approvalNumber: string | null;
  number: string;
  /** Schemes of the programme whose demand it meets. */
  schemes: string[];
  /** In the words of the certificate. */
  scope: string;
  siteIds: string[];
  validFrom: string;
  validUntil: string;
  fileSha256: string;
  /** When somebody last asked the body whether it is in force. RFC 3339. */
  checkedAt: string;
  state: 'in-force' | 'suspended' | 'withdrawn';
  endedOn: string | null;
};
export const externalCertificates = table<ExternalCertificate>('external_certificates', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  organisationId: 'uuid',
  body: 'text',
  approvalNumber: 'text',
  number: 'text',
  schemes: 'json',
  scope: 'text',
  siteIds: 'json',
  validFrom: 'text',
  validUntil: 'text',
  fileSha256: 'text',
  checkedAt: 'text',
  state: 'text',
  endedOn: 'text',
});

export type CertificateNumber = { id: string; certificateId: string; lastSeq: number };
export const certificateNumbers = table<CertificateNumber>('certificate_numbers', 'id', {
  id: 'text',
  certificateId: 'uuid',
  lastSeq: 'int8',
});
/** Written otherwise it is the same number. */
export const numberKey = (body: string, number: string): string => `${plain(body)} ${plain(number)}`;
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[\s./-]/gu, '')
    .toLowerCase();
