type Texts = Readonly<Record<string, { en: string; zh: string }>>;
/** Reasons of a bundle, by code. */
export const BUNDLE_REASONS: Texts;
/** Faults of a whole log, by kind. */
export const FAULTS: Texts;
