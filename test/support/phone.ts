import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import canonicalize from 'canonicalize';

/** A phone that signs weigh-ins of one collector, each with the next counter. */
export const phoneOf = (siteId: string, collectorId: string) => {
  const newKey = (): { privateKey: KeyObject; publicKey: string } => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    return { privateKey, publicKey: publicKey.export({ format: 'jwk' }).x! };
  };
  let key = newKey();
  let deviceId = randomUUID() as string;
  let counter = 0;
  return {
    get publicKey() {
      return key.publicKey;
    },
    set deviceId(id: string) {
      deviceId = id;
    },
    /** Falls into the sea: another key, and the counter begins anew. */
    loseKey() {
      key = newKey();
      counter = 0;
    },
    weighIn(more: { counter?: number; grossGrams?: number; tareGrams?: number; collectedAt?: string } = {}) {
      const { counter: said, collectedAt = new Date().toISOString(), ...rest } = more;
      counter = said ?? counter + 1;
      const salt = randomBytes(32);
      const seal = createHash('sha256').update(salt).update(canonicalize({ collectorId, collectedAt })!);
      const weighed = {
        id: randomUUID() as string,
        siteId,
        material: 'pet',
        form: 'bottle',
        originClass: 'sea-recovered',
        basis: 'weighed',
        grossGrams: 10_500,
        tareGrams: 500,
        ...rest,
      };
      const signed = { ...weighed, deviceId, counter, seals: [seal.digest('hex')] };
      const signature = sign(null, Buffer.from(canonicalize(signed)!), key.privateKey).toString('base64url');
      return {
        ...weighed,
        collectorId,
        collectedAt,
        attestation: { deviceId, counter, salts: [salt.toString('hex')], signature },
      };
    },
  };
};
