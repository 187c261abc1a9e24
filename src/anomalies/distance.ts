import { gcj02ToWgs84 } from '../kernel/geo.ts';
import type { Position } from '../kernel/values.ts';

const EARTH_RADIUS_M = 6_371_008.8; // mean radius, IUGG
const radians = (e7: number): number => (e7 / 1e7 / 180) * Math.PI;
const wgs84 = (p: Position): { latE7: number; lonE7: number } => (p.datum === 'gcj02' ? gcj02ToWgs84(p) : p);

/** Whole metres between two positions on the sphere (haversine), rounded down; both are taken to WGS-84 first. */
export const metresBetween = (a: Position, b: Position): number => {
  const [p, q] = [wgs84(a), wgs84(b)];
  const [lat1, lat2] = [radians(p.latE7), radians(q.latE7)];
  const h =
    Math.sin((lat2 - lat1) / 2) ** 2 +
    Math.cos(lat1) * Math.cos(lat2) * Math.sin(radians(q.lonE7 - p.lonE7) / 2) ** 2;
  return Math.floor(2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h))));
};
