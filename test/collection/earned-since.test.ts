import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { ok, taxed } from '../taxes/harness.ts';

t.test('a later bag that was voided does not make what is unpaid look paid', async (t) => {
  const app = await startTestApp(t);
  const { weighIn, owed, trial, collectors, client } = await taxed(app);
  const [a] = collectors as [string];
  const first = ok(await weighIn({ collectorId: a }));
  const second = ok(await weighIn({ collectorId: a }));
  ok(await client.post(`/v1/collections/${second.id}/void`, { reason: '登记两次' }));
  t.match(await owed(a), { owed: 10_000, overpaid: 0 });
  const correct = (grossGrams: number) =>
    client.post(`/v1/collections/${first.id}/correction`, { grossGrams, reason: '复核' });
  ok(await correct(4_000));
  t.match(await owed(a), { owed: 4_000, overpaid: 0 }, 'none of it was paid, so none is overpaid');

  // A later bag that stands is unpaid first all the same: it is not taken for the first.
  const third = ok(await weighIn({ collectorId: a }));
  ok(await client.post(`/v1/collections/${third.id}/correction`, { grossGrams: 3_000, reason: '复核' }));
  ok(await correct(1_000));
  t.match(await owed(a), { owed: 4_000, overpaid: 0 });
  ok(await client.post(`/v1/collections/${first.id}/void`, { reason: '误录' }));
  t.match(await owed(a), { owed: 3_000, overpaid: 0 });
  t.match(await trial(), [{ difference: 0 }]);
});
