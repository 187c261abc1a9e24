import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { dayIn } from '../kernel/time.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { mayReach, reachableSite } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { assertPast } from '../registry/clock.ts';
import { type Site, sites, vessels } from '../registry/registry.tables.ts';
import { type Programme, RECEIVERS } from './declarations.operations.ts';
import { type Declaration, declarations } from './declarations.tables.ts';
import { notePrefixes, noteSeries, pollutantSettings } from './pollutants.tables.ts';
import { type Amount, assertDistinct, licenceMark, measure, noteNumber, storeUntil } from './pollutants.ts';
import {
  madePrefix,
  PREFIX_SERIES,
  pollutantSettingsChanged,
  pollutantsReceived,
  seriesOf,
} from './receptions.facts.ts';
import type { ReceptionRequest, SettingsRequest } from './receptions.schema.ts';
import { type ReceivedItem, stockOf } from './stock.ts';

export type ReceptionAnswer = {
  id: string;
  siteId: string;
  note: { number: string };
  items: ReceivedItem[];
  marks: string[];
};
export type SettingsAnswer = {
  siteId: string;
  notePrefix: string | null;
  storageDays: Record<string, number> | null;
};

/** What is entered later than this was written on paper first. */
const LATE_MS = 30 * 86_400_000;

/** 422 `unknown_declaration` unless the site may answer it; 409 `declaration_closed` when it cannot be received any more. */
const answered = (world: World, input: ReceptionRequest, site: Site): Declaration | undefined => {
  if (input.declarationId === undefined) return undefined;
  const call = world.get(declarations, input.declarationId);
  if (call === undefined || call.siteOrganisationId !== site.organisationId)
    throw unprocessable(
      'unknown_declaration',
      '/declarationId',
      'no such declaration to this site’s organisation; leave it out where a vessel simply came',
    );
  if (call.state === 'declared' || call.state === 'accepted') return call;
  throw conflict(
    'declaration_closed',
    `The declaration is ${call.state} already; what came all the same is recorded without it.`,
    { id: call.id, state: call.state, receptionId: call.receptionId },
  );
};

const marksOf = (world: World, input: ReceptionRequest, site: Site, now: number): string[] => {
  const known = input.vesselId !== undefined && world.get(vessels, input.vesselId) !== undefined;
  const found: [string, boolean][] = [
    ['unresolved', !known && input.vesselNumber === undefined],
    ['site-closed', site.state === 'closed'],
    ['late', Date.parse(input.receivedAt) < now - LATE_MS],
  ];
  return found.flatMap(([mark, is]) => (is ? [mark] : []));
};

/** What came, in grams and where it is told so millilitres, with how long it may stay and whether the site may have it. */
export const itemsOf = (
  world: World,
  amounts: readonly Amount[],
  site: Site,
  day: string,
): ReceivedItem[] => {
  assertDistinct(amounts, '/items');
  const own = world.get(pollutantSettings, site.id)?.storageDays ?? {};
  return amounts.map((item, i) => {
    const measured = measure(item, `/items/${i}`);
    const { material, grams, gramsFrom, millilitres, millilitresFrom, density, count } = measured;
    const until = storeUntil(own, material, day);
    const mark = licenceMark(site.capabilities, material, day);
    const { lastSeq } = stockOf(world, site.id, material);
    return {
      material,
      grams,
      gramsFrom,
      ...(millilitres === null ? {} : { millilitres }),
      ...(millilitresFrom === null ? {} : { millilitresFrom }),
      ...(density === null || millilitres === null ? {} : { density }),
      ...(count === null ? {} : { count }),
      ...(until === null ? {} : { storeUntil: until }),
      ...(mark === null ? {} : { mark }),
      ...(lastSeq < 0 ? {} : { seq: lastSeq }),
    };
  });
};

/** The site's chosen prefix, else the next the programme makes. */
const prefixOf = (world: World, siteId: string): string =>
  world.get(pollutantSettings, siteId)?.notePrefix ??
  madePrefix((world.get(noteSeries, PREFIX_SERIES)?.last ?? 0) + 1);

/**
 * A reception is never refused for a licence that is missing or over: what the vessel brought is there, and to send it
 * back to sea is worse (domain rule 3). The material bears the mark, and lists show it.
 */
const receiving = (programme: Programme): Operation<ReceptionRequest, ReceptionAnswer> => ({
  name: 'pollutants.receive',
  roles: RECEIVERS,
  status: 201,
  decide(world, input, { caller, id, now }) {
    const site = reachableSite(world, caller, input.siteId);
    assertPast(input.receivedAt, now, '/receivedAt');
    const call = answered(world, input, site);
    const vesselId = input.vesselId ?? call?.vesselId ?? undefined;
    const vesselNumber = input.vesselNumber ?? call?.vesselNumber ?? undefined;
    const named = {
      ...(vesselId === undefined ? {} : { vesselId }),
      ...(vesselNumber === undefined ? {} : { vesselNumber }),
    };
    const day = dayIn(programme.timeZone, Date.parse(input.receivedAt));
    const year = Number(day.slice(0, 4));
    return draft({
      type: pollutantsReceived,
      ...actorOf(world, caller, programme),
      data: {
        siteId: site.id,
        day,
        note: { year, running: (world.get(noteSeries, seriesOf(site.id, year))?.last ?? 0) + 1 },
        items: itemsOf(world, input.items, site, day),
        marks: marksOf(world, { ...input, ...named }, site, now),
      },
      private: {
        id,
        keyId: caller.keyId,
        receivedAt: input.receivedAt,
        notePrefix: prefixOf(world, site.id),
        ...(call === undefined ? {} : { declaration: { declarationId: call.id, seq: call.lastSeq } }),
        ...named,
        ...(input.remark === undefined ? {} : { remark: input.remark }),
      },
    });
  },
  answer: ({ data: { siteId, note, items, marks }, private: { id, notePrefix } }) => ({
    id,
    siteId,
    note: { number: noteNumber(notePrefix, note.year, note.running) },
    items,
    marks,
  }),
});

/** @param programme whose time zone days are told in, and whose operator stands for natural persons */
export const receptionOperations = (programme: Programme) => ({
  receive: receiving(programme),
  changeSettings: {
    name: 'pollutant-settings.change',
    roles: RECEIVERS,
    status: 200,
    decide(world, { siteId, notePrefix, storageDays }, { caller }) {
      const site = world.get(sites, siteId);
      if (site === undefined || !mayReach(caller, site.organisationId, site.id)) throw notFound('site');
      if (storageDays !== undefined) assertDistinct(storageDays, '/storageDays');
      const holder = notePrefix === undefined ? undefined : world.get(notePrefixes, notePrefix);
      if (holder !== undefined && holder.siteId !== siteId)
        throw conflict(
          'prefix_taken',
          `The notes of another site begin with ${notePrefix}; choose another.`,
          {
            notePrefix,
          },
        );
      return draft({
        type: pollutantSettingsChanged,
        ...actorOf(world, caller, programme),
        data: {
          siteId,
          ...(storageDays === undefined
            ? {}
            : { storageDays: Object.fromEntries(storageDays.map(({ material, days }) => [material, days])) }),
        },
        private: { keyId: caller.keyId, ...(notePrefix === undefined ? {} : { notePrefix }) },
      });
    },
    answer: ({ data: { siteId, storageDays = null }, private: { notePrefix = null } }) => ({
      siteId,
      notePrefix,
      storageDays,
    }),
  } satisfies Operation<SettingsRequest & { siteId: string }, SettingsAnswer>,
});
