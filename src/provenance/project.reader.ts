import type { AnyFact } from '../ledger/fact.ts';
import type { Projection } from './projection.ts';

/** By type of fact: what one means for provenance. A type without a reader means nothing. */
export type Readers = Readonly<Record<string, (projection: Projection, fact: AnyFact) => Promise<void>>>;
