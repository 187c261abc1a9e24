import { z } from 'zod';
import { Id, Seq, TotalGrams, text } from '../kernel/values.ts';
import type { FactType } from '../ledger/fact.ts';
import type { World } from '../ledger/world.ts';
import { type Container, containers, containerTags } from '../lots/containers.tables.ts';
import { changeLot, LotUse } from '../lots/lots.ts';
import { sites } from '../registry/registry.tables.ts';
import type { NamedFilling } from './containers.ts';

const NOTHING = 'none';
/** How facts name a filling; `seq` is the last fact that changed it, absent where the filling begins here. */
const Filling = { container: Id, seq: Seq.optional() };
export const NamedFillingShape = z.strictObject(Filling);
const At = z.strictObject({ siteId: Id, ...Filling });
const Named = z.strictObject({ keyId: Id, containerId: Id });
type Named = z.infer<typeof Named>;

export const tagKey = (ownerId: string, tag: string): string => `${ownerId} ${tag}`;

const change = (world: World, id: string, seq: number, changed: Partial<Container>): void =>
  world.put(containers, { ...world.get(containers, id)!, ...changed, lastSeq: seq });

/** From this fact on the public ledger calls what is in the container so. */
export const nameFilling = (world: World, containerId: string, fillingId: string, seq: number): void =>
  change(world, containerId, seq, { fillingId });

/** The containers leave with the shipment; to be told before their lots leave. */
export const containersLeave = (
  world: World,
  seq: number,
  shipmentId: string,
  named: readonly NamedFilling[] = [],
  containerIds: readonly string[] = [],
): void => {
  for (const [i, id] of containerIds.entries())
    change(world, id, seq, { siteId: null, shipmentId, fillingId: named[i]!.container });
};

/** Containers that had arrived are on their way again, with what is in them. To be told before their lots leave. */
export const containersTravelOn = (
  world: World,
  seq: number,
  back: { shipmentId: string; organisationId: string },
  containerIds: readonly (string | null)[],
): void => {
  for (const id of new Set(containerIds)) if (id !== null) change(world, id, seq, { siteId: null, ...back });
};

/** Containers are drawn on: a seal is broken by it, and what is left is another filling. To be told before the draws. */
export const containersDrawn = (
  world: World,
  seq: number,
  named: readonly NamedFilling[] = [],
  containerIds: readonly string[] = [],
): void => {
  for (const [i, id] of containerIds.entries()) {
    const wasSealed = world.get(containers, id)!.state === 'sealed';
    change(world, id, seq, wasSealed ? OPENED : { fillingId: named[i]!.container });
  }
};

const OPENED = { state: 'open', fillingId: null, sealNumber: null, measuredGrams: null } as const;

const Registered = z.strictObject({ siteId: Id, kind: z.string(), container: Id });
const RegisteredPrivate = Named.extend({ tag: text(60), tareGrams: TotalGrams.optional() });
export const containerRegistered: FactType<z.infer<typeof Registered>, z.infer<typeof RegisteredPrivate>> = {
  type: 'container.registered.v1',
  title: { en: 'Container registered', zh: '容器登记' },
  data: Registered,
  private: RegisteredPrivate,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: [],
  apply(world, { seq, data, private: { containerId: id, tag, tareGrams } }) {
    const { organisationId } = world.get(sites, data.siteId)!;
    const key = tagKey(organisationId, tag);
    world.get(containerTags, key);
    world.put(containerTags, { key, containerId: id });
    world.put(containers, {
      id,
      seq,
      lastSeq: seq,
      ownerId: organisationId,
      organisationId,
      siteId: data.siteId,
      shipmentId: null,
      tag,
      kind: data.kind,
      tareGrams: tareGrams ?? null,
      fillingId: data.container,
      lots: 0,
      grams: 0,
      entries: 0,
      sealNumber: null,
      measuredGrams: null,
      state: 'open',
    });
  },
};

const WithLots = At.extend({ lots: z.array(LotUse) });
type WithLots = z.infer<typeof WithLots>;

export const containerFilled: FactType<WithLots, Named> = {
  type: 'container.filled.v1',
  title: { en: 'Lots put into a container', zh: '装入容器' },
  data: WithLots,
  private: Named,
  grams: 'Whole lots lie in the container from now on; no gram changes.',
  fen: NOTHING,
  backPointers: ['seq', 'lots[].seq'],
  apply(world, { seq, data, private: { containerId } }) {
    nameFilling(world, containerId, data.container, seq);
    for (const { lotId } of data.lots) changeLot(world, lotId, seq, { containerId });
  },
};

export const containerLotsTaken: FactType<WithLots, Named> = {
  type: 'container.lots-taken-out.v1',
  title: { en: 'Lots taken out of a container', zh: '取出容器' },
  data: WithLots,
  private: Named,
  grams: 'Whole lots lie beside the container from now on; no gram changes.',
  fen: NOTHING,
  backPointers: ['seq', 'lots[].seq'],
  apply(world, { seq, data, private: { containerId } }) {
    nameFilling(world, containerId, data.container, seq);
    for (const { lotId } of data.lots) changeLot(world, lotId, seq, { containerId: null });
  },
};

const Sealed = At.extend({
  lots: z.int(),
  bookedGrams: TotalGrams,
  measuredGrams: TotalGrams.optional(),
  /** Where the measured grams are beyond tolerance of those booked: a mark on all that is in it. */
  mark: z
    .strictObject({
      markId: Id,
      code: z.literal('container-weight'),
      toleranceGrams: TotalGrams,
      lots: z.array(z.strictObject({ lotId: Id, seq: Seq })),
    })
    .optional(),
});
const SealedPrivate = Named.extend({
  sealNumber: text(80).optional(),
  deviceId: Id.optional(),
  /** Those who profit, and may not clear the mark. */
  organisationIds: z.array(Id).optional(),
});
export type SealedFact = z.infer<typeof Sealed>;
export const containerSealed: FactType<z.infer<typeof Sealed>, z.infer<typeof SealedPrivate>> = {
  type: 'container.sealed.v1',
  title: { en: 'Container sealed', zh: '容器封签' },
  data: Sealed,
  private: SealedPrivate,
  grams:
    'What a scale says of the contents stands beside what is booked; no gram changes. Beyond tolerance nothing in it is claimable until the mark is cleared.',
  fen: NOTHING,
  backPointers: ['seq', 'mark.lots[].seq'],
  apply(world, { seq, data, private: more }) {
    change(world, more.containerId, seq, {
      state: 'sealed',
      fillingId: data.container,
      sealNumber: more.sealNumber ?? null,
      measuredGrams: data.measuredGrams ?? null,
    });
  },
};

export const containerOpened: FactType<z.infer<typeof At>, Named> = {
  type: 'container.opened.v1',
  title: { en: 'Container opened', zh: '容器启封' },
  data: At,
  private: Named,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: ['seq'],
  apply(world, { seq, private: { containerId } }) {
    change(world, containerId, seq, OPENED);
  },
};

const Closed = z.strictObject({ siteId: Id.optional(), container: Id.optional(), seq: Seq.optional() });
export const containerClosed: FactType<z.infer<typeof Closed>, Named> = {
  type: 'container.closed.v1',
  title: { en: 'Container retired', zh: '容器停用' },
  data: Closed,
  private: Named,
  grams: NOTHING,
  fen: NOTHING,
  backPointers: ['seq'],
  apply(world, { seq, private: { containerId } }) {
    const { ownerId, tag } = world.get(containers, containerId)!;
    const key = tagKey(ownerId, tag);
    world.get(containerTags, key);
    world.put(containerTags, { key, containerId: null });
    change(world, containerId, seq, { state: 'closed', fillingId: null });
  },
};

export const containerFacts = [
  containerRegistered,
  containerFilled,
  containerLotsTaken,
  containerSealed,
  containerOpened,
  containerClosed,
];
