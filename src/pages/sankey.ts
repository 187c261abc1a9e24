import { escaped } from '../kernel/html.ts';

/** A bar of the picture: grams that stood at one point of the way. */
export type Node = { id: string; layer: number; label: string; grams: number; shade: Shade };
/** Grams that went from one bar to another of a later layer. */
export type Flow = { from: string; to: string; grams: number };
/** One of the classes of the site's style. */
export type Shade = 's1' | 's2' | 's3' | 's4' | 's5' | 's6';

/** As wide as the narrowest telephone shows without scrolling. */
const WIDTH = 328;
const BAR = 20;
const STEP = 84;
const GAP = 6;
const NARROWEST = 3;
/** Room for a number above a bar that is too narrow for it. */
const HEAD = 16;

type Placed = Node & { x: number; width: number; y: number; number: number };

/** Bars of each layer side by side, so wide as their grams, each with its number. */
const place = (nodes: readonly Node[]): Placed[] => {
  const layers = [...new Set(nodes.map(({ layer }) => layer))].sort((a, b) => a - b);
  const rows = layers.map((layer) => nodes.filter((node) => node.layer === layer));
  const room = WIDTH - Math.max(0, ...rows.map((row) => row.length - 1)) * GAP;
  const most = Math.max(1, ...rows.map((row) => row.reduce((sum, { grams }) => sum + grams, 0)));
  let number = 0;
  return rows.flatMap((row, depth) => {
    let x = 0;
    return row.map((node) => {
      const width = Math.max(NARROWEST, (node.grams / most) * (room - NARROWEST * row.length));
      const placed = { ...node, x, width, y: HEAD + depth * STEP, number: ++number };
      x += width + GAP;
      return placed;
    });
  });
};

const round = (value: number): number => Math.round(value * 10) / 10;

const ribbon = (from: Placed, to: Placed, fromX: number, toX: number, grams: number): string => {
  const [wide, narrow] = [(grams / from.grams) * from.width, (grams / to.grams) * to.width];
  const [top, bottom] = [from.y + BAR, to.y];
  const middle = (top + bottom) / 2;
  const [a, b, c, d] = [fromX, fromX + wide, toX + narrow, toX].map(round);
  return `M${a} ${top}C${a} ${middle} ${d} ${middle} ${d} ${bottom}L${c} ${bottom}C${c} ${middle} ${b} ${middle} ${b} ${top}Z`;
};

export type Picture = {
  /** The picture as SVG. */
  svg: string;
  /** What its numbers stand for, in their order. */
  legend: { number: number; label: string; grams: number }[];
};

/**
 * A Sankey picture of grams, from the top to the bottom: bars are as wide as their grams, and so are the bands between
 * them. It has numbers instead of names, which would not fit on a telephone; the legend names them.
 *
 * @param title what the picture shows, in plain text
 */
export const sankey = (nodes: readonly Node[], flows: readonly Flow[], title: string): Picture => {
  const bars = place(nodes.filter(({ grams }) => grams > 0));
  const byId = new Map(bars.map((bar) => [bar.id, bar]));
  const left = new Map(bars.map(({ id, x }) => [id, x]));
  const arrived = new Map(bars.map(({ id, x }) => [id, x]));
  const drawn = flows
    .flatMap(({ from, to, grams }) => {
      const ends = { from: byId.get(from), to: byId.get(to) };
      return grams > 0 && ends.from && ends.to ? [{ from: ends.from, to: ends.to, grams }] : [];
    })
    .sort((a, b) => a.from.number - b.from.number || a.to.number - b.to.number);
  const bands = drawn.map(({ from, to, grams }) => {
    const [fromX, toX] = [left.get(from.id)!, arrived.get(to.id)!];
    left.set(from.id, fromX + (grams / from.grams) * from.width);
    arrived.set(to.id, toX + (grams / to.grams) * to.width);
    return `<path class="${to.shade}" fill-opacity=".3" d="${ribbon(from, to, fromX, toX, grams)}"><title>${from.number} → ${to.number}</title></path>`;
  });
  const marks = bars.map(({ x, y, width, shade, number, label }) => {
    const isWide = width > 22;
    const at = `x="${round(Math.min(WIDTH - 8, x + width / 2))}" y="${isWide ? y + 15 : y - 3}"`;
    return `<rect class="${shade}" x="${round(x)}" y="${y}" width="${round(width)}" height="${BAR}"><title>${escaped(`${number} ${label}`)}</title></rect>
${isWide ? `<circle cx="${round(x + width / 2)}" cy="${y + 10}" r="9" fill="#fff"/>` : ''}<text ${at} text-anchor="middle">${number}</text>`;
  });
  const height = Math.max(...bars.map(({ y }) => y), 0) + BAR + 4;
  return {
    svg: `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
${bands.join('\n')}
${marks.join('\n')}
</svg>`,
    legend: bars.map(({ number, label, grams }) => ({ number, label, grams })),
  };
};
