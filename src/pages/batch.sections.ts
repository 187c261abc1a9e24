import { VOCABULARY } from '../http/vocabulary.ts';
import { escaped } from '../kernel/html.ts';
import type { Say } from '../web/kit.ts';
import { wordsIn } from '../web/kit.ts';
import type { Language } from '../web/texts.ts';
import type { BatchData } from './batch.data.ts';
import type { CameIn } from './batch.queries.ts';
import { EVIDENCE, WORDS } from './batch.words.ts';
import { placesSvg, squareText } from './places.ts';
import { sankey } from './sankey.ts';
import { wayOf } from './way.ts';

/** The language of a page, and what it says in it. */
export type Saying = { language: Language; say: Say<keyof typeof WORDS> };

type Vocabulary = keyof typeof VOCABULARY;

/** What a code is called, in plain text; the code itself where it has no name. */
export const named = (language: Language, list: Vocabulary, code: string): string => {
  const names: Readonly<Record<string, Record<Language, string>>> = VOCABULARY[list];
  return Object.hasOwn(names, code) ? names[code]![language] : code;
};

/** Kilograms to the gram. */
export const kg = (grams: number): string => KILOGRAMS.format(grams / 1_000);
const KILOGRAMS = new Intl.NumberFormat('en-US', { minimumFractionDigits: 3, maximumFractionDigits: 3 });

/** Parts of a hundred, rounded down to a hundredth: a share is never made to look larger. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '0' : String(Number((BigInt(part) * 10_000n) / BigInt(whole)) / 100);

const section = (heading: string, ...parts: string[]): string =>
  `<section><h2>${heading}</h2>${parts.join('\n')}</section>`;
const p = (text: string): string => `<p>${text}</p>`;

const kindOf = ({ language, say }: Saying, kind: string): string =>
  kind === 'outside' || kind === 'surplus' || kind === 'weigh-in'
    ? say(kind)
    : escaped(named(language, 'outsideKind', kind));

const evidenceOf = (language: Language, evidence: string | null): string => {
  const name = evidence ?? 'none';
  return Object.hasOwn(EVIDENCE, name) ? EVIDENCE[name as keyof typeof EVIDENCE][language] : name;
};

/** What it was made from, with what rests on somebody's word, and what came from outside. */
export const originSection = (saying: Saying, { cameIn, summary }: BatchData): string => {
  const { language, say } = saying;
  const whole = cameIn.reduce((sum, { grams }) => sum + grams, 0);
  const gramsOf = (is: (group: CameIn) => boolean) =>
    cameIn.filter(is).reduce((sum, { grams }) => sum + grams, 0);
  const rows = cameIn.map((group) => {
    const origin = group.kind === 'weigh-in' ? named(language, 'originClass', group.originClass) : null;
    const evidence = group.kind === 'weigh-in' ? escaped(evidenceOf(language, group.evidence)) : '–';
    return `<tr><td>${origin === null ? kindOf(saying, group.kind) : escaped(origin)} <small>${evidence}</small></td><td class="number">${kg(group.grams)}</td><td class="number">${percent(group.grams, whole)} %</td></tr>`;
  });
  const declared = gramsOf(
    ({ kind, evidence }) => kind === 'weigh-in' && (evidence ?? 'declared') === 'declared',
  );
  const outside = gramsOf(({ kind }) => kind !== 'weigh-in');
  const model = summary?.custodyModel;
  return section(
    say('originHeading'),
    p(say('originLead')),
    `<table><thead><tr><th scope="col">${say('origin')} <small>${say('known')}</small></th><th scope="col" class="number">${say('mass')}</th><th scope="col" class="number">${say('share')}</th></tr></thead><tbody>${rows.join('')}</tbody></table>`,
    declared > 0 ? p(say('declaredShare', { percent: percent(declared, whole) })) : '',
    p(outside > 0 ? say('outsideShare', { percent: percent(outside, whole) }) : say('noOutside')),
    summary === null ? '' : p(say('claimable', { kg: kg(summary.claimableGrams) })),
    model === undefined ? '' : p(`<strong>${say('custody')}</strong>: ${say(model)}`),
  );
};

/** The way as a picture, its legend, and the losses. */
export const waySection = ({ language, say }: Saying, { way, summary }: BatchData): string => {
  if (summary === null) return section(say('wayHeading'), p(say('unread')));
  const plain = (name: keyof typeof WORDS): string => WORDS[name][language];
  const { nodes, flows } = wayOf(way.moves, way.losses, {
    source: (kind, originClass) =>
      kind === 'weigh-in'
        ? named(language, 'originClass', originClass)
        : plain(kind === 'surplus' ? 'surplus' : 'outside'),
    step: (kind, material, form) => {
      const what = `${named(language, 'material', material)} · ${named(language, 'form', form)}`;
      const did = kind === 'batch' ? 'batchNode' : kind === 'part' ? 'transported' : 'made';
      return `${what} (${plain(did)})`;
    },
    lost: plain('lostNode'),
    elsewhere: plain('elsewhere'),
  });
  const { svg, legend } = sankey(nodes, flows, plain('wayPicture'));
  const lines = legend.map(
    ({ number, label, grams }) =>
      `<li value="${number}">${escaped(label)}: ${say('kg', { kg: kg(grams) })}</li>`,
  );
  const losses = summary.lossesOnTheWay.map(
    ({ kind, grams }) =>
      `<li>${escaped(named(language, 'lossKind', kind))}: ${say('kg', { kg: kg(grams) })}</li>`,
  );
  return section(
    say('wayHeading'),
    p(say('wayLead')),
    svg,
    `<ol>${lines.join('')}</ol>`,
    `<h3>${say('losses')}</h3>`,
    losses.length === 0 ? p(say('noLosses')) : `<ul>${losses.join('')}</ul>`,
  );
};

/** Facts of one type one after another are told together, with so many positions to look at. */
const SHOWN = 6;

const dayOf = (at: string): string => at.slice(0, 10);
const days = (first: string, last: string): string => (first === last ? first : `${first} – ${last}`);
const link = (language: Language, seq: number, type: string): string =>
  `<span data-seq="${seq}" data-type="${escaped(type)}"><a href="/verify?lang=${language}#${seq}">#${seq}</a></span>`;

/** What came in, then the facts between, then the seal. */
export const timelineSection = (
  saying: Saying,
  { cameIn, way }: BatchData,
  titles: ReadonlyMap<string, Readonly<Record<Language, string>>>,
): string => {
  const { language, say } = saying;
  const first = cameIn.map((group) => {
    const what = `${kindOf(saying, group.kind)}${group.kind === 'weigh-in' ? ` (${escaped(named(language, 'originClass', group.originClass))})` : ''}`;
    const sample = group.sample.map((seq) =>
      link(language, seq, group.kind === 'weigh-in' ? 'collection.recorded.v1' : ''),
    );
    // What is filled in is escaped once more, and would show.
    const said = say('cameIn', { what: '\u0000', times: group.times, kg: kg(group.grams) }).replace(
      '\u0000',
      () => what,
    );
    return `<li>${days(group.first, group.last)}: ${said}; ${say('sample')} ${sample.join(' ')}</li>`;
  });
  // Facts of one type on one day are one line, where the first of them stands.
  const groups = Map.groupBy(way.facts, ({ type, at }) => `${dayOf(at)} ${type}`);
  const later = [...groups.values()].map((facts) => {
    const [{ type }] = facts as [(typeof facts)[number]];
    const title = titles.get(type)?.[language] ?? type;
    const what = facts.length === 1 ? escaped(title) : say('times', { what: title, times: facts.length });
    const links = facts.slice(-SHOWN).map(({ seq }) => link(language, seq, type));
    return `<li>${days(dayOf(facts[0]!.at), dayOf(facts.at(-1)!.at))}: ${what} ${links.join(' ')}</li>`;
  });
  return section(
    say('timeline'),
    `<ol>${first.join('')}${later.join('')}</ol>`,
    way.isCut ? p(say('more')) : '',
  );
};

/** Places told one by one. */
const MOST_PLACES = 20;

/** Coarse places, without borders. */
export const placesSection = ({ language, say }: Saying, { places }: BatchData): string => {
  const shown = places.slice(0, MOST_PLACES);
  if (shown.length === 0) return '';
  const points = shown.map(({ square, grams, isHere }, i) => ({
    ...{ square, grams, number: i + 1 },
    shade: isHere ? ('s3' as const) : ('s1' as const),
  }));
  const lines = shown.map(({ square, grams, kinds, names, isHere }) => {
    const what = [
      kinds.map((kind) => named(language, 'role', kind)).join(', '),
      ...names,
      squareText(square),
      ...(isHere ? [WORDS.here[language]] : []),
    ];
    return `<li>${escaped(what.join(' · '))}${grams === 0 ? '' : `: ${say('kg', { kg: kg(grams) })}`}</li>`;
  });
  return section(
    say('places'),
    p(say('placesLead')),
    placesSvg(points, WORDS.placesPicture[language]),
    `<ol>${lines.join('')}</ol>`,
    places.length > MOST_PLACES ? p(say('placesMore', { n: places.length - MOST_PLACES })) : '',
  );
};

const money = (minor: number, currency: string): string =>
  `${(minor / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })} ${currency}`;

/** People as a number, and what was paid to them. */
export const peopleSection = ({ say }: Saying, { summary, proof }: BatchData): string => {
  const people = summary?.people ?? null;
  const said = people === null ? say('peopleFew') : say('peopleMany', { n: people });
  if (proof === undefined) return section(say('people'), p(said), p(say('unpaid')));
  const { currency, earned, paid } = proof;
  return section(
    say('people'),
    p(said),
    p(say('paid', { paid: money(paid, currency), n: proof.people, seq: proof.seq })),
    earned === null
      ? ''
      : p(say('earned', { earned: money(earned, currency), owed: money(earned - paid, currency) })),
  );
};

export const sayingIn = (language: Language): Saying => ({ language, say: wordsIn(WORDS, language) });
