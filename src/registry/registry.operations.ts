import { conflict, DomainError, notFound, unprocessable } from '../kernel/errors.ts';
import { cellOf } from '../kernel/geo.ts';
import { draft, type Operation, type Role } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { hashSecret, mayReach } from './access.ts';
import {
  apiKeyIssued,
  apiKeyRevoked,
  apiKeyRotated,
  organisationChanged,
  organisationClosed,
  organisationRegistered,
  programmeFounded,
  siteChanged,
  siteClosed,
  siteRegistered,
} from './registry.facts.ts';
import type {
  ApiKeyRequest,
  OrganisationChange,
  OrganisationRequest,
  SiteChange,
  SiteRequest,
} from './registry.schema.ts';
import { apiKeySecrets, apiKeys, organisations, type Site, sites } from './registry.tables.ts';

export type Founding = {
  operatorId: string;
  operatorName: string;
  currency: string;
  timeZone: string;
  formatSha256: string;
  containsSha256: string;
  /** The verifier key of the log's first signing key (C2SP signed-note). */
  logKey: string;
};

/** Entry 0. */
export const foundProgramme: Operation<Founding, object> = {
  name: 'programme.found',
  roles: ['programme'],
  status: 201,
  decide(_world, input, { id, seq }) {
    if (seq !== 0) throw conflict('already_founded', 'The programme was founded already.');
    const { operatorName, formatSha256, containsSha256, ...rest } = input;
    return draft({
      type: programmeFounded,
      data: {
        programmeId: id,
        ...rest,
        formatSha256,
        rules: { shares: 'shares.v1', containsSha256 },
      },
      private: { operatorName },
    });
  },
  answer: ({ data }) => ({ id: data.programmeId }),
};

const activeOrganisation = (world: World, id: string, pointer = '/organisationId') => {
  const organisation = world.get(organisations, id);
  if (organisation === undefined)
    throw unprocessable(
      'unknown_organisation',
      pointer,
      'no such organisation; register it with POST /v1/organisations',
    );
  if (organisation.state !== 'active')
    throw conflict('organisation_closed', 'This organisation was closed.', { organisationId: id });
  return organisation;
};

export const registerOrganisation: Operation<OrganisationRequest, { id: string }> = {
  name: 'organisation.register',
  roles: ['operator'],
  status: 201,
  decide(_world, { name, kind, naturalPerson = false }, { id }) {
    return draft({
      type: organisationRegistered,
      data: { organisationId: id, kind },
      private: { name, naturalPerson },
    });
  },
  answer: ({ data }) => ({ id: data.organisationId }),
};

const organisationInPath = (world: World, id: string) => {
  const organisation = world.get(organisations, id);
  if (organisation === undefined) throw notFound('organisation');
  return organisation;
};

export const changeOrganisation: Operation<OrganisationChange & { organisationId: string }, { id: string }> =
  {
    name: 'organisation.change',
    roles: ['operator'],
    status: 200,
    decide(world, { organisationId, name }) {
      organisationInPath(world, organisationId);
      return draft({ type: organisationChanged, data: { organisationId }, private: { name } });
    },
    answer: ({ data }) => ({ id: data.organisationId }),
  };

export const closeOrganisation: Operation<{ organisationId: string }, { id: string }> = {
  name: 'organisation.close',
  roles: ['operator'],
  status: 200,
  decide(world, { organisationId }) {
    if (organisationInPath(world, organisationId).state === 'closed')
      throw conflict('organisation_closed', 'This organisation was closed already.');
    if (organisationInPath(world, organisationId).kind === 'operator')
      throw conflict('operator_stays', 'The operator of the programme cannot be closed.');
    return draft({ type: organisationClosed, data: { organisationId } });
  },
  answer: ({ data }) => ({ id: data.organisationId }),
};

/** The programme's default: 50 basis points of a load. */
const DEFAULT_TOLERANCE = 50;

export const registerSite: Operation<SiteRequest, { id: string }> = {
  name: 'site.register',
  roles: ['operator'],
  status: 201,
  decide(world, input, { id }) {
    activeOrganisation(world, input.organisationId);
    return draft({
      type: siteRegistered,
      data: {
        siteId: id,
        organisationId: input.organisationId,
        kind: input.kind,
        cell: cellOf(input.location),
        toleranceBasisPoints: input.toleranceBasisPoints ?? DEFAULT_TOLERANCE,
        norms: input.norms ?? [],
        custodyModel: input.custodyModel ?? 'identity-preserved',
        ...(input.storageLimits === undefined ? {} : { storageLimits: input.storageLimits }),
      },
      private: { name: input.name, location: input.location, capabilities: input.capabilities ?? [] },
    });
  },
  answer: ({ data }) => ({ id: data.siteId }),
};

const siteInPath = (world: World, id: string): Site => {
  const site = world.get(sites, id);
  if (site === undefined) throw notFound('site');
  return site;
};

export const changeSite: Operation<SiteChange & { siteId: string }, { id: string }> = {
  name: 'site.change',
  roles: ['operator'],
  status: 200,
  decide(world, { siteId, name, capabilities, ...settings }) {
    siteInPath(world, siteId);
    const hidden = {
      ...(name === undefined ? {} : { name }),
      ...(capabilities === undefined ? {} : { capabilities }),
    };
    return draft({
      type: siteChanged,
      data: { siteId, ...settings },
      ...(Object.keys(hidden).length === 0 ? {} : { private: hidden }),
    });
  },
  answer: ({ data }) => ({ id: data.siteId }),
};

export const closeSite: Operation<{ siteId: string }, { id: string }> = {
  name: 'site.close',
  roles: ['operator'],
  status: 200,
  decide(world, { siteId }) {
    if (siteInPath(world, siteId).state === 'closed')
      throw conflict('site_closed', 'This site was closed already.');
    return draft({ type: siteClosed, data: { siteId } });
  },
  answer: ({ data }) => ({ id: data.siteId }),
};

/** Roles whose keys may see or decide across organisations are the operator's to give. */
const GIVEN_BY: Record<string, readonly Role[]> = {
  station: ['station'],
  warehouse: ['warehouse'],
  recycler: ['recycler'],
};

const newSecret = (random: (n: number) => Uint8Array): string =>
  `bck_${Buffer.from(random(32)).toString('base64url')}`;

export const issueApiKey: Operation<
  ApiKeyRequest & { secret?: string },
  { id: string; secret: string | null }
> = {
  name: 'api-key.issue',
  roles: ['operator', 'station', 'warehouse', 'recycler', 'programme'],
  status: 201,
  decide(world, input, { id, caller, random, now }) {
    const { organisationId, role, siteIds = null, holder, expiresAt = null } = input;
    activeOrganisation(world, organisationId);
    if (!mayReach(caller, organisationId, null))
      throw unprocessable('unknown_organisation', '/organisationId', 'no such organisation of yours');
    const { kind } = world.get(organisations, organisationId)!;
    // Who runs the programme does not certify it, nor the other way round.
    if ((kind === 'operator' && role === 'certifier') || (kind === 'certifier' && role === 'operator'))
      throw unprocessable('both_sides', '/role', 'no organisation holds operator and certifier keys');
    if (caller.role !== 'operator' && caller.role !== 'programme' && !GIVEN_BY[caller.role]?.includes(role))
      throw new DomainError(
        'forbidden',
        'forbidden',
        `A ${caller.role} may issue keys of its own role only.`,
      );
    if (caller.siteIds !== null && (siteIds === null || siteIds.some((s) => !caller.siteIds!.includes(s))))
      throw new DomainError(
        'forbidden',
        'forbidden',
        'A key limited to sites may issue keys for these sites only.',
      );
    for (const [i, siteId] of (siteIds ?? []).entries()) {
      if (world.get(sites, siteId)?.organisationId !== organisationId)
        throw unprocessable('unknown_site', `/siteIds/${i}`, 'no such site of this organisation');
    }
    if (expiresAt !== null && Date.parse(expiresAt) <= now)
      throw unprocessable('already_expired', '/expiresAt', 'must lie in the future');
    const secret = input.secret ?? newSecret(random);
    world.put(apiKeySecrets, { id, secretHash: hashSecret(secret) });
    return draft({
      type: apiKeyIssued,
      data: { organisationId },
      private: { keyId: id, role, siteIds, holder, expiresAt },
      once: { secret },
    });
  },
  answer: (fact) => ({ id: fact.private.keyId, secret: null }),
};

const keyInPath = (world: World, caller: { role: string } & Parameters<typeof mayReach>[0], id: string) => {
  const key = world.get(apiKeys, id);
  const reachable = key !== undefined && mayReach(caller, key.organisationId, null);
  if (
    !reachable ||
    (caller.siteIds !== null && key.siteIds?.every((s) => caller.siteIds!.includes(s)) !== true)
  )
    throw notFound('key');
  if (key.state !== 'active') throw conflict('key_revoked', 'This key was revoked.');
  return key;
};

export const rotateApiKey: Operation<{ keyId: string }, { id: string; secret: string | null }> = {
  name: 'api-key.rotate',
  roles: ['operator', 'station', 'warehouse', 'recycler'],
  status: 200,
  decide(world, { keyId }, { caller, random }) {
    const key = keyInPath(world, caller, keyId);
    const secret = newSecret(random);
    world.get(apiKeySecrets, keyId);
    world.put(apiKeySecrets, { id: keyId, secretHash: hashSecret(secret) });
    return draft({
      type: apiKeyRotated,
      data: { organisationId: key.organisationId },
      private: { keyId },
      once: { secret },
    });
  },
  answer: (fact) => ({ id: fact.private.keyId, secret: null }),
};

export const revokeApiKey: Operation<{ keyId: string }, { id: string }> = {
  name: 'api-key.revoke',
  roles: ['operator', 'station', 'warehouse', 'recycler'],
  status: 200,
  decide(world, { keyId }, { caller }) {
    const key = keyInPath(world, caller, keyId);
    return draft({
      type: apiKeyRevoked,
      data: { organisationId: key.organisationId },
      private: { keyId },
    });
  },
  answer: (fact) => ({ id: fact.private.keyId }),
};
