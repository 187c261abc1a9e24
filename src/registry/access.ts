import { DomainError, forbidden, unprocessable } from '../kernel/errors.ts';
import { sha256 } from '../kernel/hash.ts';
import { NIL } from '../kernel/ids.ts';
import type { Caller } from '../ledger/fact.ts';
import type { AnyOperation } from '../ledger/record.ts';
import type { World } from '../ledger/world.ts';
import { apiKeys, type Site, sites } from './registry.tables.ts';

export const SECRET = /^[\x21-\x7e]{8,200}$/;

export const hashSecret = (secret: string): Buffer => Buffer.from(sha256(Buffer.from(secret)));

/** What the programme does by itself. */
export const PROGRAMME: Caller = {
  keyId: NIL,
  keySeq: 0,
  organisationId: NIL,
  role: 'programme',
  siteIds: null,
  holder: 'programme',
};

/** The second check of a write, inside the door: the key as the ledger knows it at this very position. */
export const authoriseInDoor = (world: World, caller: Caller, operation: AnyOperation, now: number): void => {
  if (!operation.roles.includes(caller.role)) throw forbidden(`The role ${caller.role} may not do this.`);
  if (caller.role === 'programme') return;
  const key = world.get(apiKeys, caller.keyId);
  const current = key?.state === 'active' && key.lastSeq === caller.keySeq;
  if (!current || (key.expiresAt !== null && key.expiresAt <= now))
    throw new DomainError(
      'unauthenticated',
      'unauthenticated',
      'This key was revoked, rotated, or has expired.',
    );
};

/** Whether the caller may act for, or see, what belongs to the organisation and stands at the site. */
export const mayReach = (caller: Caller, organisationId: string, siteId: string | null): boolean => {
  if (caller.role === 'operator' || caller.role === 'programme') return true;
  if (caller.organisationId !== organisationId) return false;
  return caller.siteIds === null || siteId === null || caller.siteIds.includes(siteId);
};

/** Roles that may read across organisations: they check, they do not act. */
const OVERSEERS: readonly Caller['role'][] = ['operator', 'auditor', 'certifier', 'regulator', 'programme'];

export const maySee = (caller: Caller, organisationId: string, siteId: string | null): boolean =>
  OVERSEERS.includes(caller.role) || mayReach(caller, organisationId, siteId);

/** The caller's active site named in a body. 422 when it is unknown or another's: the two look the same. */
export const reachableSite = (world: World, caller: Caller, siteId: string, pointer = '/siteId'): Site => {
  const site = world.get(sites, siteId);
  if (site === undefined || !mayReach(caller, site.organisationId, site.id))
    throw unprocessable(
      'unknown_site',
      pointer,
      'no such site of yours; register it with POST /v1/sites first',
    );
  return site;
};
