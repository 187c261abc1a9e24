import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { confirmationOf } from '../../src/credentials/confirmation.ts';
import { toHex } from '../../src/kernel/hash.ts';
import type { TestApp } from './app.ts';

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A certification body with a domain and a key of its own, which the programme never holds. */
export const certifyingBody = (domain: string) => {
  const did = `did:web:${domain}`;
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const kid = `${did}#2026`;
  const document = {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: did,
    verificationMethod: [
      { id: kid, type: 'JsonWebKey', controller: did, publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x } },
    ],
    assertionMethod: [kid],
  };
  const signed = (payload: object, header: object = {}, key: KeyObject = privateKey): string => {
    const input = `${encoded({ alg: 'EdDSA', typ: 'vc+jwt', kid, ...header })}.${encoded(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
  };
  /** What it would sign of a statement of a code, over the log as it stands. */
  const confirming = async (
    app: TestApp,
    code: string,
    more: object = {},
    validFrom = '2026-01-01T00:00:00Z',
  ) => {
    const { size } = await app.verify();
    const over = (await app.deps.publisher.covering(size, 10_000))!;
    const { statement } = (await app.operator.get(`/v1/verify/${code}`)).body;
    const of = {
      did,
      origin: app.deps.config.ledgerOrigin,
      code,
      grams: statement.grams,
      treeSize: over.size,
    };
    return confirmationOf({ ...of, root: toHex(over.root), ...more }, validFrom);
  };
  return { did, kid, document, signed, confirming };
};
