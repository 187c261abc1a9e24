import t from 'tap';
import { startTestApp } from '../support/app.ts';
import { ok, sharingOf } from '../support/sharing.ts';

t.test('many payees are set at once, each of them', async (t) => {
  const app = await startTestApp(t);
  const s = await sharingOf(app);
  const people = await s.people(40);
  const answers = await Promise.all(
    people.map((id, i) =>
      app.operator.post(`/v1/collectors/${id}/payee`, { rail: 'wechat', account: `o-fisher-${i}` }),
    ),
  );
  t.same(
    answers.filter(({ status }) => status !== 201),
    [],
  );
  for (const id of people)
    t.match(ok(await app.operator.get(`/v1/collectors/${id}/payee`), 200), { rail: 'wechat' });
});
