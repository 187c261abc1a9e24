import path from 'node:path';
import t from 'tap';
import { ok, story, trailIn } from './story.ts';

t.test('a public export alone says what the API says of a batch', async (t) => {
  const { app, file, batch, other, recycler } = await story(t);
  for (const { id, code, lot } of [batch, other]) {
    const judged = await trailIn(file, id);
    t.same(judged.trail.faults, []);
    t.equal(judged.code, 0);
    const { trail } = judged;
    const said = ok(await recycler.client.get(`/v1/batches/${id}/provenance`));
    const { byOriginClass, bySite, byDay, lossesOnTheWay, grams } = trail;
    t.same(
      { byOriginClass, bySite, byDay, lossesOnTheWay, grams, sources: trail.shares.length },
      {
        byOriginClass: said.byOriginClass,
        bySite: said.bySite,
        byDay: said.byDay,
        lossesOnTheWay: said.lossesOnTheWay,
        grams: said.grams,
        sources: said.sources,
      },
    );
    const shares = ok(await app.operator.get(`/v1/lots/${lot.id}/provenance?limit=1000`)).items;
    t.same(trail.shares, shares, 'to the gram');
    for (const name of [code, lot.id]) t.same((await trailIn(file, name)).trail.shares, shares);
  }
  t.equal(path.basename(file), 'a.ndjson');
});
