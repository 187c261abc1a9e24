import { table } from '../db/table.ts';

/** A bag, bin or big-bag with a tag: what lies in it is sealed, weighed, moved and processed as one. */
export type Container = {
  id: string;
  seq: number;
  /** The last fact that changed it or a lot in it. */
  lastSeq: number;
  /** Who registered it; within this organisation its tag is unique while it is in use. */
  ownerId: string;
  /** Who has it: the organisation of the site where it stands, or whence it travels. */
  organisationId: string;
  /** Null while it travels. */
  siteId: string | null;
  shipmentId: string | null;
  tag: string;
  kind: string;
  tareGrams: number | null;
  /** What the public ledger calls it; null when its next filling has no name yet. */
  fillingId: string | null;
  /** Lots in it, and their grams. */
  lots: number;
  grams: number;
  /** Lots put in since it was last empty, also those taken out again. */
  entries: number;
  sealNumber: string | null;
  /** What a scale said of the contents when it was sealed. */
  measuredGrams: number | null;
  state: 'open' | 'sealed' | 'closed';
};
export const containers = table<Container>('containers', 'id', {
  id: 'uuid',
  seq: 'int8',
  lastSeq: 'int8',
  ownerId: 'uuid',
  organisationId: 'uuid',
  siteId: 'uuid',
  shipmentId: 'uuid',
  tag: 'text',
  kind: 'text',
  tareGrams: 'int8',
  fillingId: 'uuid',
  lots: 'int4',
  grams: 'int8',
  entries: 'int4',
  sealNumber: 'text',
  measuredGrams: 'int8',
  state: 'text',
});

/** Lots in the order put in, under `<container> <page>`; whether one is still there, the lot tells. */
export type ContainerPage = { key: string; lots: string[] };
export const containerPages = table<ContainerPage>('container_pages', 'key', { key: 'text', lots: 'json' });

/** The container in use under `<owner> <tag>`; null once it is closed. */
export type ContainerTag = { key: string; containerId: string | null };
export const containerTags = table<ContainerTag>('container_tags', 'key', {
  key: 'text',
  containerId: 'uuid',
});
