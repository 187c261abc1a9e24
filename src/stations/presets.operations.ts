import { gramsPerPiece } from '../collection/collection.ts';
import { conflict, notFound, unprocessable } from '../kernel/errors.ts';
import { draft, type Operation } from '../ledger/fact.ts';
import { mayReach } from '../registry/access.ts';
import { actorOf } from '../registry/actor.ts';
import { sites } from '../registry/registry.tables.ts';
import { presetsSet } from './presets.facts.ts';
import type { PresetsRequest, Tile } from './presets.schema.ts';

/** 422 `duplicate_tile` for a code used twice, `not_countable` where nobody knows what a piece weighs. */
const assertUsable = (tiles: readonly Tile[]): void => {
  const codes = new Set<string>();
  for (const [i, tile] of tiles.entries()) {
    if (codes.has(tile.code))
      throw unprocessable('duplicate_tile', `/tiles/${i}/code`, `${tile.code} is used above`);
    codes.add(tile.code);
    if (tile.basis === 'counted' && gramsPerPiece(tile) === undefined)
      throw unprocessable(
        'not_countable',
        `/tiles/${i}/basis`,
        `${tile.material} as ${tile.form} has no grams per piece; weigh it`,
      );
  }
};

/** `siteId` null sets those of the whole programme. @param programme whose operator stands for natural persons */
export const setPresets = (
  programme: { operatorId: string },
  roles: Operation<never, object>['roles'],
): Operation<PresetsRequest & { siteId: string | null }, { siteId: string | null; tiles: number }> => ({
  name: 'presets.set',
  roles,
  status: 200,
  decide(world, { siteId, tiles }, { caller }) {
    if (siteId !== null) {
      const site = world.get(sites, siteId);
      if (site === undefined || !mayReach(caller, site.organisationId, site.id)) throw notFound('site');
      if (site.state !== 'active') throw conflict('site_closed', 'This site was closed.', { siteId });
    }
    assertUsable(tiles);
    return draft({
      type: presetsSet,
      ...actorOf(world, caller, programme),
      data: siteId === null ? {} : { siteId },
      private: { keyId: caller.keyId, tiles },
    });
  },
  answer: ({ data, private: more }) => ({ siteId: data.siteId ?? null, tiles: more.tiles.length }),
});
