import { type Label, plainLabel } from './labels.ts';
import type { Projection } from './projection.ts';

/** What is said of a lot by now, or a label that says nothing yet; and the fact that made the lot. */
export const labelOf = async (
  projection: Projection,
  lotId: string,
): Promise<{ label: Label; madeBy: number }> => {
  const [state] = await projection.states([lotId]);
  const { vector, label } = state!;
  const { madeBy } = await projection.makerOf(lotId);
  const sourceOf = await projection.sourcesOf([vector]);
  return { label: label ?? plainLabel(vector, sourceOf), madeBy };
};
