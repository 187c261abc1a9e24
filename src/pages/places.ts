import { escaped } from '../kernel/html.ts';

/** A square of ten kilometres, by its south-west corner in tenths of a degree. */
export type Square = { lat: number; lon: number };

/** The square of a public cell (0.05 degrees on a side): coarser still, since a page is read by anybody. */
export const squareOf = ([lat, lon]: readonly [number, number]): Square => ({
  lat: Math.floor(lat / 2),
  lon: Math.floor(lon / 2),
});

/** `28.6° N, 121.4° E`, of the corner. */
export const squareText = ({ lat, lon }: Square): string =>
  `${(Math.abs(lat) / 10).toFixed(1)}° ${lat < 0 ? 'S' : 'N'}, ${(Math.abs(lon) / 10).toFixed(1)}° ${lon < 0 ? 'W' : 'E'}`;

const WIDTH = 328;
const HIGHEST = 260;
const MARGIN = 24;
const KM_A_TENTH = 11.132;
const SCALES = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

export type Point = { square: Square; number: number; grams: number; shade: 's1' | 's3' };

/**
 * Points on an empty field: no coast, no borders, no tiles from elsewhere. North is up; a line says how far things lie
 * apart. @param title what it shows, in plain text
 */
export const placesSvg = (points: readonly Point[], title: string): string => {
  const lats = points.map(({ square }) => square.lat + 0.5);
  const lons = points.map(({ square }) => square.lon + 0.5);
  const [south, west] = [Math.min(...lats), Math.min(...lons)];
  const shrink = Math.max(0.05, Math.cos((((south + Math.max(...lats)) / 20) * Math.PI) / 180));
  const [high, wide] = [Math.max(...lats) - south, (Math.max(...lons) - west) * shrink];
  const zoom = Math.min(
    (WIDTH - 2 * MARGIN) / Math.max(wide, 0.5),
    (HIGHEST - 2 * MARGIN) / Math.max(high, 0.5),
    60,
  );
  const field = high * zoom + 2 * MARGIN;
  const most = Math.max(1, ...points.map(({ grams }) => grams));
  const km = SCALES.findLast((each) => (each / KM_A_TENTH) * zoom < WIDTH / 2) ?? SCALES[0]!;
  const length = Math.round((km / KM_A_TENTH) * zoom);
  const dots = points.map(({ square, number, grams, shade }) => {
    const x = Math.round(MARGIN + (square.lon + 0.5 - west) * shrink * zoom);
    const y = Math.round(field - MARGIN - (square.lat + 0.5 - south) * zoom);
    const r = Math.round(5 + 9 * Math.sqrt(grams / most));
    return `<circle class="${shade}" fill-opacity=".55" cx="${x}" cy="${y}" r="${r}"/><text x="${x}" y="${y + 4}" text-anchor="middle">${number}</text>`;
  });
  const height = Math.round(field + 22);
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<rect x=".5" y=".5" width="${WIDTH - 1}" height="${Math.round(field)}" fill="#f3f7f9" stroke="#c9d3da"/>
${dots.join('\n')}
<path d="M4 ${height - 8}h${length}" stroke="#16242c" stroke-width="2"/><text x="${length + 10}" y="${height - 3}">${km} km</text>
</svg>`;
};
