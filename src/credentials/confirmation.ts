import { z } from 'zod';
import type { VerifySignature } from '../ledger/note.ts';
import { CREDENTIALS_V2, NAMESPACE } from './credential.ts';
import { addressOf } from './did.ts';
import { fromBase64url } from './encoding.ts';
import { type JwtFault, objectOf, readJwt, verifyJwt } from './jwt.ts';

/** A key of a body as a fact keeps it: base64url of 32 bytes. */
export type EnrolledKey = { kid: string; publicKey: string };

/** What a body signs beside the W3C's own terms, and what each means. */
export const CONFIRMATION_CONTEXT = [
  CREDENTIALS_V2,
  Object.fromEntries(
    ['StatementConfirmation', 'code', 'grams', 'ledger', 'treeSize', 'root'].map((term) => [
      term,
      `${NAMESPACE}${term}`,
    ]),
  ),
];

const Instant = z.iso.datetime({ offset: true }).max(40);
/**
 * What a body says: that it confirms so many grams of the statement of this code, in this log as it stood under this root.
 * Exactly these members, since all of it becomes public for ever, and free text may hold anything.
 */
const Confirmation = z.strictObject({
  '@context': z.tuple([
    z.literal(CREDENTIALS_V2),
    z.strictObject(
      Object.fromEntries(
        Object.entries(CONFIRMATION_CONTEXT[1] as Record<string, string>).map(([k, v]) => [k, z.literal(v)]),
      ),
    ),
  ]),
  type: z.tuple([z.literal('VerifiableCredential'), z.literal('StatementConfirmation')]),
  issuer: z.string().max(300),
  validFrom: Instant,
  validUntil: Instant.optional(),
  credentialSubject: z.strictObject({
    id: z.string().max(300),
    code: z.string().max(16),
    grams: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
    ledger: z.string().max(300),
    treeSize: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
    root: z.string().regex(/^[0-9a-f]{64}$/),
  }),
});
export type Confirmation = z.infer<typeof Confirmation>;

export type ConfirmationFault = JwtFault | 'wrong-form' | 'wrong-issuer' | 'not-yet-valid' | 'expired';

/** The text a body would sign of a statement: for whoever prepares it, and for tests. */
export const confirmationOf = (
  of: { did: string; origin: string; code: string; grams: number; treeSize: number; root: string },
  validFrom: string,
  validUntil?: string,
): object => {
  const { did: issuer, origin: ledger, code, grams, treeSize, root } = of;
  return {
    '@context': CONFIRMATION_CONTEXT,
    type: ['VerifiableCredential', 'StatementConfirmation'],
    ...{ issuer, validFrom },
    ...(validUntil === undefined ? {} : { validUntil }),
    credentialSubject: {
      id: `${addressOf(ledger)}/v1/verify/${code}`,
      ...{ code, grams, ledger, treeSize, root },
    },
  };
};

/** Reads a confirmation without believing it; undefined where it has another form. */
export const readConfirmation = (text: string): Confirmation | undefined => {
  const payload = objectOf(readJwt(text)?.payload ?? '');
  const read = Confirmation.safeParse(payload);
  return read.success ? read.data : undefined;
};

/**
 * Whether the body of this DID signed the confirmation with one of its keys, and it holds now.
 *
 * @param now milliseconds since 1970
 */
export const checkConfirmation = (
  text: string,
  { did, keys }: { did: string; keys: readonly EnrolledKey[] },
  verify: VerifySignature,
  now: number,
): { said: Confirmation; kid: string } | { fault: ConfirmationFault } => {
  const jwt = readJwt(text);
  if (jwt === undefined) return { fault: 'not-a-jwt' };
  const known = keys.map(({ kid, publicKey }) => ({ kid, publicKey: fromBase64url(publicKey)! }));
  const found = verifyJwt(jwt, known, verify);
  if ('fault' in found) return found;
  const said = readConfirmation(text);
  if (said === undefined) return { fault: 'wrong-form' };
  const { iss } = jwt.header;
  if (said.issuer !== did || (iss !== undefined && iss !== did)) return { fault: 'wrong-issuer' };
  if (Date.parse(said.validFrom) > now) return { fault: 'not-yet-valid' };
  if (said.validUntil !== undefined && Date.parse(said.validUntil) <= now) return { fault: 'expired' };
  return { said, kid: found.key.kid };
};
