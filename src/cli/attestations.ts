import type { AttestationReport, Demand } from '../collection/attestation-check.ts';
import { SITE_KINDS } from '../kernel/vocabulary.ts';
import { count, Misuse } from './io.ts';

/** Only one who holds the openings can ask for signatures; throws Misuse where none are named. */
export const demandOf = (options: {
  file?: string;
  database?: string;
  openings?: string;
  requireAttestations?: string | true;
  attestedSince?: number;
}): Demand | undefined => {
  const { openings, file, database, requireAttestations: kinds, attestedSince: since = 0 } = options;
  if (openings !== undefined && file === undefined)
    throw new Misuse('--openings opens an export: name it with --file');
  if (kinds === undefined) return undefined;
  if (openings === undefined && database === undefined)
    throw new Misuse('--require-attestations needs the private parts: --file with --openings, or --database');
  const siteKinds = kinds === true ? [] : kinds.split(',');
  const unknown = siteKinds.find((kind) => !(SITE_KINDS as readonly string[]).includes(kind));
  if (unknown !== undefined)
    throw new Misuse(`${unknown} is no kind of site; there are ${SITE_KINDS.join(', ')}`);
  return { siteKinds, since };
};

const MOST_LINES = 20;

/** What was found of attestations, for people: the first lines of each list. */
export const attestationLines = ({
  good,
  none,
  marked,
  keys,
  faults,
  findings,
}: AttestationReport): string[] => {
  const lines = [
    `attested: ${count(good)} weigh-ins by ${count(keys)} keys of devices; ${count(none)} were signed by none, ${count(marked)} are marked as not attested`,
  ];
  for (const { seq, kind, reason } of findings.slice(0, MOST_LINES))
    lines.push(`marked at entry ${seq} (${kind}): ${reason}`);
  for (const { seq, kind, reason } of faults.slice(0, MOST_LINES))
    lines.push(`BAD at entry ${seq} (${kind}): ${reason}`);
  const more = [findings, faults].reduce((sum, list) => sum + Math.max(0, list.length - MOST_LINES), 0);
  return more === 0 ? lines : [...lines, `and ${count(more)} more; --json lists them all`];
};
