import pino from 'pino';
import t from 'tap';
import { createServer } from '../../src/http/server.ts';

/** Where a server thinks a request came from that was sent by a neighbour and tells of another address. */
const seen = async (trustedProxies: readonly string[], remoteAddress: string, forwarded: string) => {
  const app = await createServer({
    logger: pino({ level: 'silent' }) as never,
    authenticate: async () => null,
    newRequestId: () => 'r',
    version: '0',
    trustedProxies,
  });
  app.get('/seen', { config: { access: 'public' } }, async ({ ip, protocol }) => ({ ip, protocol }));
  const headers = { 'x-forwarded-for': forwarded, 'x-forwarded-proto': 'https' };
  const answer = await app.inject({ url: '/seen', remoteAddress, headers });
  await app.close();
  return answer.json();
};

t.test('only a proxy that is named may say who is asking', async (t) => {
  const own = { ip: '10.0.0.7', protocol: 'http' };
  t.same(await seen([], '10.0.0.7', '1.2.3.4'), own);
  t.same(await seen(['10.0.0.8', '192.168.0.0/16'], '10.0.0.7', '1.2.3.4'), own);
  const told = { ip: '1.2.3.4', protocol: 'https' };
  t.same(await seen(['10.0.0.0/8'], '10.0.0.7', '1.2.3.4'), told);
  t.same(
    await seen(['10.0.0.7'], '10.0.0.7', '6.6.6.6, 1.2.3.4'),
    told,
    'what the caller wrote himself is not taken',
  );
});
