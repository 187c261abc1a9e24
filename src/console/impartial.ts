import type { Caller } from '../ledger/fact.ts';
import { onePerson } from '../supervision/cases.ts';

/** Why somebody may not decide, as far as a page can tell beforehand; the door has the last word. */
export type Bar = 'barRole' | 'barProfits' | 'barBody' | 'barSame';

export type Question = {
  /** Roles that may decide. */
  roles: readonly string[];
  /** Whoever gains, and so may not decide. */
  profiting?: readonly string[];
  /** The only organisation that may decide, where there is one. */
  only?: string | null;
  /** The first of two, where somebody has spoken. */
  first?: { organisationId: string; holder: string } | null | undefined;
};

/** null: nothing known stands in the way. `kind` is what the caller's organisation is. */
export const barTo = (
  { roles, profiting = [], only = null, first }: Question,
  caller: Pick<Caller, 'organisationId' | 'holder' | 'role'>,
  kind: string | undefined,
): Bar | null => {
  if (!roles.includes(caller.role)) return 'barRole';
  if (profiting.includes(caller.organisationId)) return 'barProfits';
  if (only !== null && only !== caller.organisationId) return 'barBody';
  if (first != null && onePerson(first, caller, kind)) return 'barSame';
  return null;
};
