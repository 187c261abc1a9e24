import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { buildDeps } from './deps.ts';

const config = readConfig(process.env);
const deps = await buildDeps(config);
const app = await buildApp(deps);
await app.listen({ port: config.port, host: config.host });
console.error('first key', deps.firstKey, app.server.address());
