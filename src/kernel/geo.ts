import type { Cell, Position } from './values.ts';

/**
 * The public cell of a position: 0.05 degrees on a side, WGS-84.
 * A GCJ-02 position (Chinese maps) is converted first; the two differ by up to 700 m, a cell is 5 km.
 */
export const cellOf = (position: Position): Cell => {
  const { latE7, lonE7 } = position.datum === 'gcj02' ? gcj02ToWgs84(position) : position;
  return [Math.floor(latE7 / 500_000), Math.floor(lonE7 / 500_000)];
};

const A = 6378245; // semi-major axis of Krasovsky 1940, metres
const EE = 0.006693421622965943; // its squared eccentricity

const insideChina = (lat: number, lon: number) =>
  lon > 72.004 && lon < 137.8347 && lat > 0.8293 && lat < 55.8271;

/** The published approximation of the GCJ-02 offset, taken away twice: within a metre of WGS-84. */
export const gcj02ToWgs84 = (position: Position): { latE7: number; lonE7: number } => {
  const lat = position.latE7 / 1e7;
  const lon = position.lonE7 / 1e7;
  if (!insideChina(lat, lon)) return { latE7: position.latE7, lonE7: position.lonE7 };
  let [la, lo] = [lat, lon];
  for (let i = 0; i < 3; i++) {
    const [dLat, dLon] = offset(la, lo);
    [la, lo] = [lat - dLat, lon - dLon];
  }
  return { latE7: Math.round(la * 1e7), lonE7: Math.round(lo * 1e7) };
};

const offset = (lat: number, lon: number): [number, number] => {
  const { sin, sqrt, abs, cos, PI } = Math;
  const x = lon - 105;
  const y = lat - 35;
  const wave = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * (2 / 3);
  const north =
    -100 +
    2 * x +
    3 * y +
    0.2 * y * y +
    0.1 * x * y +
    0.2 * sqrt(abs(x)) +
    wave +
    (20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * (2 / 3) +
    (160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * (2 / 3);
  const east =
    300 +
    x +
    2 * y +
    0.1 * x * x +
    0.1 * x * y +
    0.1 * sqrt(abs(x)) +
    wave +
    (20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * (2 / 3) +
    (150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * (2 / 3);
  const rad = (lat / 180) * PI;
  const magic = 1 - EE * sin(rad) ** 2;
  const root = sqrt(magic);
  return [
    (north * 180) / (((A * (1 - EE)) / (magic * root)) * PI),
    (east * 180) / ((A / root) * cos(rad) * PI),
  ];
};
