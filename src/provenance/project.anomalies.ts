import { markReaders } from './project.marks.ts';
import type { Readers } from './project.reader.ts';

/** A mark that a rule set means the same as one that was set by hand. */
export const anomalyReaders: Readers = { 'anomaly.marked.v1': markReaders['mark.set.v1']! };
