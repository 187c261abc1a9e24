// The service, telling its address and each step of each checkpoint on stdout. With an argument it ends itself at that step, as a power
// cut would, once it was started: `node serving.ts kept`.
import { writeSync } from 'node:fs';
import { serve } from '../../src/cli/serve.ts';
import { readConfig } from '../../src/config.ts';

const [last] = process.argv.slice(2);
const { deps, url } = await serve(readConfig());
writeSync(1, `${url}\n`);
deps.publisher.onMoment = (moment, size) => {
  writeSync(1, `${moment} ${size}\n`);
  if (moment === last) process.kill(process.pid, 'SIGKILL');
};
