import type { LedgerSource } from '../ledger/check.ts';

export type Sized = LedgerSource & { /** How far it goes, as far as that is known. */ total(): number };
