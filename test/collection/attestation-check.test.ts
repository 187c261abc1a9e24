import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import path from 'node:path';
import canonicalize from 'canonicalize';
import t, { type Test } from 'tap';
import { startTestApp } from '../support/app.ts';
import { command, directory, environmentOf } from '../support/command.ts';
import { type Forgeable, readExport, writeExport } from '../support/forge.ts';
import { phoneOf } from '../support/phone.ts';

const SEED = Buffer.alloc(32, 9);

/**
 * A station whose phone signs: two weigh-ins, one of a person erased since, one before and one after the phone's key
 * was lost, one that was changed on the way, one counter used twice; and a warehouse that signs nothing.
 */
const play = async (t: Test) => {
  const app = await startTestApp(t, {}, SEED);
  const { client, siteId } = await app.site('station');
  const person = async () => (await client.post('/v1/collectors', { siteId, name: '王海生' })).body.id;
  const [collector, leaving] = [await person(), await person()];
  const phone = phoneOf(siteId, collector);
  const enrolled = await client.post('/v1/devices', { siteId, name: '手机', publicKey: phone.publicKey });
  const deviceId = enrolled.body.id as string;
  phone.deviceId = deviceId;
  const other = phoneOf(siteId, leaving);
  const another = await client.post('/v1/devices', { siteId, name: '秤', publicKey: other.publicKey });
  other.deviceId = another.body.id;
  const record = async (body: object): Promise<number> => {
    const { body: answer } = await client.post('/v1/collections', body);
    return answer.receipt.seq;
  };
  const late = phone.weighIn();
  const [first, second] = [await record(phone.weighIn()), await record(phone.weighIn())];
  const erased = await record(other.weighIn());
  const marked = await record({ ...other.weighIn(), grossGrams: 99_500 });
  phone.loseKey();
  await client.post(`/v1/devices/${deviceId}/enrol`, { publicKey: phone.publicKey });
  const former = await record(late);
  const anew = await record(phone.weighIn({ counter: 1 }));
  const fork = await record(phone.weighIn({ counter: 1, grossGrams: 20_500 }));
  const unsigned = { ...phone.weighIn(), attestation: undefined };
  const warehouse = await app.site('warehouse');
  const { body } = await warehouse.client.post('/v1/collections', {
    ...unsigned,
    siteId: warehouse.siteId,
    collectorId: undefined,
  });
  const personal = `/v1/collectors/${leaving}/personal-data`;
  await app.operator.delete(personal);
  t.equal((await app.operator.delete(`${personal}?stage=erase`)).status, 200);
  const env = environmentOf(app);
  const here = await directory(t);
  const [file, openings] = [path.join(here, 'a.ndjson'), path.join(here, 'openings.ndjson')];
  const seqs = { first, second, erased, marked, former, anew, fork, warehouse: body.receipt.seq as number };
  return { app, env, file, openings, here, deviceId, ...seqs };
};

t.test('an auditor finds every weigh-in signed by the device it names, or marked', async (t) => {
  const { app, env, file, openings, ...seqs } = await play(t);
  t.equal((await app.deps.publisher.covering((await app.verify()).size, 5_000)) !== null, true);
  t.match(await command(env, 'export', '--out', file, '--openings', openings), { code: 0 });
  const expected = {
    ok: true,
    attestations: {
      ...{ good: 6, none: 1, marked: 1, keys: 3, faults: [] },
      findings: [
        { seq: seqs.marked, kind: 'not-attested' },
        { seq: seqs.fork, kind: 'counter-repeated' },
      ],
    },
  };
  const both = [
    ['--file', file, '--openings', openings],
    ['--database', env.DATABASE_URL!],
  ];
  for (const which of both) {
    const ran = await command(env, 'verify', '--json', ...which);
    t.match(JSON.parse(ran.out), expected);
    t.ok(JSON.parse(ran.out).erased >= 2, 'a signature outlives the person’s part');
    t.equal(ran.code, 0);
    const demand = await command(env, 'verify', '--json', ...which, '--require-attestations', 'station');
    t.equal(demand.code, 0, 'the station signed all');
    const all = await command(env, 'verify', ...which, '--require-attestations');
    t.match(all, { code: 1, out: `BAD at entry ${seqs.warehouse} (attestation-missing)` });
    const since = ['--require-attestations', '--attested-since', String(seqs.warehouse + 1)];
    t.equal((await command(env, 'verify', ...which, ...since)).code, 0);
  }
  t.match(await command(env, 'verify', ...both[0]!), {
    code: 0,
    out: /attested: 6 weigh-ins by 3 keys of devices; 1 were signed by none, 1 are marked/,
  });
  for (const [argv, err] of [
    [['--openings', openings], /--file/],
    [['--file', file, '--require-attestations'], /--openings/],
    [['--file', file, '--openings', openings, '--require-attestations', 'ship'], /no kind of site/],
    [['--file', file, '--openings', '/there/is/none'], /no file/],
    [['--file', file, '--attested-since', 'x'], /position/],
  ] as const)
    t.match(await command(env, 'verify', ...argv), { code: 2, err });
});

t.test('whoever holds everything but a device’s key cannot make a weigh-in up', async (t) => {
  const { app, env, file, openings, here, deviceId, first, second, erased, marked, former, anew } =
    await play(t);
  await app.deps.publisher.covering((await app.verify()).size, 5_000);
  await command(env, 'export', '--out', file, '--openings', openings);
  const [forged, opened] = [path.join(here, 'b.ndjson'), path.join(here, 'b-openings.ndjson')];
  const judge = async (change: (facts: Forgeable[]) => void, ...more: string[]) => {
    const facts = await readExport(file, openings);
    const before = JSON.stringify(facts);
    change(facts);
    const changed = JSON.stringify(facts) !== before;
    await writeExport(facts, SEED, forged, opened);
    const chain = await command(env, 'verify', '--json', '--file', forged);
    t.equal(chain.code, 0, 'chain, tree and checkpoint are good');
    const ran = await command(env, 'verify', '--json', '--file', forged, '--openings', opened, ...more);
    const { seq, kind } = JSON.parse(ran.out);
    return { changed, code: ran.code, seq, kind };
  };
  t.match(await judge(() => undefined), { changed: false, code: 0 });

  const size = (await readExport(file)).length;
  const copied = (facts: Forgeable[], from: number): Forgeable => {
    const copy = structuredClone(facts[from]!);
    copy.entry.at = facts.at(-1)!.entry.at;
    copy.entry.data.lotId = randomUUID();
    facts.push(copy);
    return copy;
  };
  const { privateKey } = generateKeyPairSync('ed25519');
  const resign = ({ attestation }: Forgeable['main']) => {
    attestation.signature = sign(null, Buffer.from(canonicalize(attestation.signed)!), privateKey).toString(
      'base64url',
    );
  };
  const attacks: [string, string, number, (facts: Forgeable[]) => void][] = [
    [
      'a device that was made up',
      'attestation-unknown-device',
      size,
      (facts) => {
        const { main } = copied(facts, first);
        main.id = main.attestation.signed.id = randomUUID();
        main.deviceId = main.attestation.signed.deviceId = randomUUID();
        resign(main);
      },
    ],
    [
      'another key than the device’s',
      'attestation-wrong-signature',
      size,
      (facts) => {
        const { main } = copied(facts, first);
        main.id = main.attestation.signed.id = randomUUID();
        resign(main);
      },
    ],
    [
      'the attestation of another weigh-in',
      'attestation-differs',
      size,
      (facts) => {
        copied(facts, first).main.id = randomUUID();
      },
    ],
    ['one weigh-in twice', 'attestation-repeated', size, (facts) => void copied(facts, first)],
    [
      'more grams',
      'attestation-differs',
      second,
      (facts) => {
        const { data } = facts[second]!.entry;
        for (const name of ['grossGrams', 'payGrams', 'claimableGrams']) data[name] += 1_000;
      },
    ],
    [
      'more grams, also in what was signed',
      'attestation-wrong-signature',
      second,
      (facts) => {
        const { entry, main } = facts[second]!;
        for (const name of ['grossGrams', 'payGrams', 'claimableGrams']) entry.data[name] += 1_000;
        main.attestation.signed.grossGrams += 1_000;
      },
    ],
    [
      'more pay for the same grams',
      'attestation-differs',
      second,
      (facts) => {
        facts[second]!.entry.data.payGrams += 1_000;
      },
    ],
    [
      'a better material',
      'attestation-differs',
      first,
      (facts) => {
        facts[first]!.entry.data.material = 'pa6';
      },
    ],
    [
      'at another site',
      'attestation-differs',
      first,
      (facts) => {
        facts[first]!.entry.data.siteId = facts.find(
          ({ entry }) => entry.data.kind === 'warehouse' && entry.data.siteId !== undefined,
        )!.entry.data.siteId;
      },
    ],
    [
      'by another person',
      'attestation-differs',
      first,
      (facts) => {
        facts[first]!.main.personSeals = facts[second]!.main.personSeals;
        facts[first]!.people = facts[second]!.people;
      },
    ],
    [
      'changed where the person was erased',
      'attestation-differs',
      erased,
      (facts) => {
        facts[erased]!.entry.data.tareGrams = 0;
      },
    ],
    [
      'a key that the device got only later',
      'attestation-unknown-key',
      first,
      (facts) => {
        facts[first]!.main.deviceKey = 1;
      },
    ],
    [
      'a former key in place of the later',
      'attestation-wrong-signature',
      anew,
      (facts) => {
        delete facts[anew]!.main.deviceKey;
      },
    ],
    [
      'a device enrolled only after it',
      'attestation-unknown-device',
      first,
      (facts) => {
        const enrolment = facts.findIndex(
          ({ entry, main }) => entry.type === 'device.enrolled.v1' && main.deviceId === deviceId,
        );
        const [taken] = facts.splice(enrolment, 1);
        facts.splice(first, 0, taken!);
        facts[first]!.entry.at = facts[first - 1]!.entry.at;
      },
    ],
    [
      'the mark taken off',
      'attestation-wrong-signature',
      marked,
      (facts) => {
        facts[marked]!.entry.data.marks = [];
      },
    ],
    [
      'marked, and claimable all the same',
      'attestation-claimed',
      marked,
      (facts) => {
        facts[marked]!.entry.data.claimableGrams = 10_000;
      },
    ],
  ];
  for (const [what, kind, at, change] of attacks) {
    const seq = what === 'a device enrolled only after it' ? at - 1 : at;
    t.match(await judge(change), { changed: true, code: 1, kind, seq }, what);
  }
  t.match(
    await judge(
      (facts) => {
        delete facts[former]!.main.attestation;
      },
      '--require-attestations',
      'station',
    ),
    { changed: true, code: 1, kind: 'attestation-missing', seq: former },
  );
});

t.test('a person whose seal the device did not sign is not attested', async (t) => {
  const app = await startTestApp(t);
  const { client, siteId } = await app.site('station');
  const collector = (await client.post('/v1/collectors', { siteId, name: '王海生' })).body.id;
  const phone = phoneOf(siteId, collector);
  const key = generateKeyPairSync('ed25519');
  const enrolled = await client.post('/v1/devices', {
    siteId,
    name: '手机',
    publicKey: key.publicKey.export({ format: 'jwk' }).x!,
  });
  const deviceId = enrolled.body.id;
  const { attestation: _, collectorId, collectedAt, ...weighed } = phone.weighIn();
  const signature = sign(
    null,
    Buffer.from(canonicalize({ ...weighed, deviceId, counter: 1 })!),
    key.privateKey,
  ).toString('base64url');
  const attestation = { deviceId, counter: 1, salts: [], signature };
  const { body } = await client.post('/v1/collections', {
    ...weighed,
    collectorId,
    collectedAt,
    attestation,
  });
  t.same(body.marks, ['not-attested']);
});
