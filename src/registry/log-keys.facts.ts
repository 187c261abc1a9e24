import { z } from 'zod';
import type { FactType } from '../ledger/fact.ts';
import { KEY_ADDED, KEY_RETIRED } from '../ledger/key-history.ts';
import { logKeys } from './log-keys.tables.ts';

const NOTHING = 'none';

/** The id in a verifier key, `name+id+base64`. */
export const keyIdIn = (logKey: string): string => logKey.split('+')[1]!;

const LogKeyAdded = z.strictObject({
  logKey: z.string(),
  /** A signed note by an older key and this one (`additionText`). */
  note: z.string(),
});
export const logKeyAdded: FactType<z.infer<typeof LogKeyAdded>, never> = {
  type: KEY_ADDED,
  title: { en: 'Key of the log added', zh: '账本密钥增加' },
  data: LogKeyAdded,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data: { logKey } }) {
    world.put(logKeys, { id: keyIdIn(logKey), key: logKey, seq, retiredSeq: null });
  },
};

const LogKeyRetired = z.strictObject({
  logKey: z.string(),
  successor: z.string(),
  /** A signed note by the key or an older one (`retirementText`). */
  note: z.string(),
});
export const logKeyRetired: FactType<z.infer<typeof LogKeyRetired>, never> = {
  type: KEY_RETIRED,
  title: { en: 'Key of the log retired', zh: '账本密钥停用' },
  data: LogKeyRetired,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data: { logKey } }) {
    world.put(logKeys, { ...world.get(logKeys, keyIdIn(logKey))!, retiredSeq: seq });
  },
};

export const logKeyFacts = [logKeyAdded, logKeyRetired];
