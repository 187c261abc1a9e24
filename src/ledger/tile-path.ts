/** Entries of a bundle, hashes of a full tile. */
export const TILE_WIDTH = 256;
const LEVELS = 63;

/** A tile of hashes, or of entries (a bundle); `width` under 256 is a partial one. */
export type TileName = { level: number | 'entries'; index: number; width: number };

/** `tile/<level>/<index>[.p/<width>]` (C2SP tlog-tiles): the index in groups of three digits, each but the last after an x. */
export const formatTilePath = ({ level, index, width }: TileName): string => {
  let groups = String(index % 1_000).padStart(3, '0');
  for (let rest = Math.floor(index / 1_000); rest > 0; rest = Math.floor(rest / 1_000))
    groups = `x${String(rest % 1_000).padStart(3, '0')}/${groups}`;
  return `tile/${level}/${groups}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
};

/** undefined unless the path is written just as `formatTilePath` writes it. */
export const parseTilePath = (path: string): TileName | undefined => {
  const match = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  if (match === null) return undefined;
  const name: TileName = {
    level: match[1] === 'entries' ? 'entries' : Number(match[1]),
    index: Number(match[2]!.replace(/[x/]/g, '')),
    width: match[3] === undefined ? TILE_WIDTH : Number(match[3]),
  };
  const isLevel = name.level === 'entries' || name.level <= LEVELS;
  const isWidth = name.width >= 1 && name.width <= TILE_WIDTH;
  return isLevel && isWidth && Number.isSafeInteger(name.index) && formatTilePath(name) === path
    ? name
    : undefined;
};
