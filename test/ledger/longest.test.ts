import { randomUUID } from 'node:crypto';
import t from 'tap';
import { z } from 'zod';
import { MAX_ENTRY_BYTES } from '../../src/ledger/entry.ts';
import { draft, type Operation } from '../../src/ledger/fact.ts';
import { findCaller } from '../../src/registry/registry.queries.ts';
import { markSet } from '../../src/supervision/marks.facts.ts';
import { ok, startLoads } from '../support/loads.ts';

const Said = z.object({ seq: z.int(), lotId: z.string(), length: z.int() });
type Said = z.infer<typeof Said>;

/** A mark whose public part is as long as is said: no route takes a text of such a length into an open part. */
const markAtLength: Operation<Said, { id: string }> = {
  name: 'test.mark-at-length',
  roles: ['operator'],
  status: 201,
  decide: (_world, { seq, lotId, length }, { id, caller: { keyId, holder, organisationId } }) =>
    draft({
      type: markSet,
      data: { markId: id, subjectKind: 'collection', subjectId: lotId, seq, code: 'x'.repeat(length) },
      private: { keyId, holder, organisationId },
    }),
  answer: ({ data }) => ({ id: data.markId }),
};

t.test('a fact of 65,535 bytes is recorded; of one more nothing is, and its neighbours land', async (t) => {
  const { app, from, weighIn } = await startLoads(t);
  const lotId = await weighIn(from, 1_000);
  const { deps } = app;
  const caller = (await findCaller(deps.db, app.operator.secret, deps.clock()))!;
  const { size } = await app.verify();
  const command = (length: number, id: string = randomUUID()) => ({
    operation: markAtLength,
    input: { seq: size - 1, lotId, length },
    caller,
    key: { id, fingerprint: deps.keyring.fingerprint(`${length}`) },
  });
  const record = (length: number, id?: string) => deps.door.submit([command(length, id)], 100)[0]!;
  const bytesOf = async (seq: number): Promise<number> =>
    Buffer.byteLength(JSON.stringify(ok(await app.operator.get(`/v1/ledger/entries/${seq}`), 200).entry));

  const short = await record(1);
  const fitting = 1 + MAX_ENTRY_BYTES - (await bytesOf(short.receipt.seq));
  const id = randomUUID();
  const refused = await record(fitting + 1, id).catch((error) => error);
  t.match(refused, { kind: 'too_large', code: 'fact_too_long', message: /65536 bytes.*name fewer/ });
  t.equal((await app.verify()).size, size + 1, 'nothing was recorded');

  const together = await Promise.allSettled(
    deps.door.submit([command(2), command(fitting + 1), command(fitting, id), command(3)], 1_000),
  );
  t.same(
    together.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    'in one turn, and the id that was refused is free',
  );
  const longest = together[2] as PromiseFulfilledResult<Awaited<ReturnType<typeof record>>>;
  const { seq } = longest.value.receipt;
  t.equal(await bytesOf(seq), MAX_ENTRY_BYTES);
  t.equal((await app.verify()).size, size + 4);
  const listed = ok(await app.operator.get(`/v1/marks?lotId=${lotId}&limit=10`), 200).items;
  t.ok(listed.some((mark: { id: string; code: string }) => mark.id === id && mark.code.length === fitting));
  const page = ok(await app.operator.get(`/v1/ledger/entries?fromSeq=${seq}&limit=1`), 200);
  t.equal(page.items.length, 1, 'it is read as any other');
});
