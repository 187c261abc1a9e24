import { type Call, caller } from './client.ts';
import { demoId } from './jiaojiang.ts';

const SCHEME = 'traceability-statement';

export type Stated = {
  code: string;
  /** Grams stated, and of how many sold. */
  grams: number;
  ofGrams: number;
  /** What the API says of the code to anybody. */
  verdict: string;
};

/**
 * The buyer asks for a statement of all that the programme's own scheme accepts of its batch; two people of a body that gains
 * nothing by it approve.
 */
export const stateBatch = async (operator: Call, url: string, batch: { id: string }): Promise<Stated> => {
  const { items } = await operator('GET', '/v1/schemes');
  if (!items.some(({ code }: { code: string }) => code === SCHEME))
    await operator('PUT', `/v1/schemes/${SCHEME}`, {});
  const body = demoId('organisation certifier');
  await operator('POST', '/v1/organisations', { id: body, name: '东海核查所', kind: 'certifier' });
  const keyOf = async (organisationId: string, role: string, holder: string): Promise<Call> => {
    const { secret } = await operator('POST', '/v1/api-keys', { organisationId, role, holder });
    return caller(url, secret);
  };
  const buyer = await keyOf(demoId('organisation brand'), 'brand', '陈采购');
  const id = demoId('statement');
  await buyer('POST', '/v1/statements', { id, batchId: batch.id, scheme: SCHEME });
  for (const [i, holder] of ['赵核查', '周复核'].entries()) {
    const approver = await keyOf(body, 'certifier', holder);
    await approver('POST', `/v1/statements/${id}/approve`, {}, `statement approve ${i}`);
  }
  const { code, grams, ofGrams } = await operator('GET', `/v1/statements/${id}`);
  const { verdict } = await operator('GET', `/v1/verify/${code}`);
  return { code, grams, ofGrams, verdict };
};
