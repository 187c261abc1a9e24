import { holdLots } from './project.custody.ts';
import type { Readers } from './project.reader.ts';

export const weighingReaders: Readers = {
  'lot.weighed.v1': async (projection, { seq, data }) => {
    if (data.case?.onHold !== true) return;
    const { lotId, bookedGrams, seq: before } = data;
    const lot = { lotId, seq: before, bookedGrams, lossGrams: 0 };
    await holdLots(projection, seq, [lot], data.grossGrams - data.tareGrams);
  },
};
