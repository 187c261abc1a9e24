import { z } from 'zod';
import { Id } from '../kernel/values.ts';
import { change, personFact } from './people.facts.ts';

/** One type for issuing, replacing and blocking: the public part must not tell which. */
export const collectorCardChanged = personFact({
  type: 'collector.card-changed.v1',
  title: { en: 'Card of a collector changed', zh: '收集员卡变更' },
  part: z.strictObject({ personId: Id, change: z.enum(['issued', 'blocked']) }),
  apply(world, { seq, part }) {
    change(world, part.personId, seq, {});
  },
});

export const cardFacts = [collectorCardChanged];
