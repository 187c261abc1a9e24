#!/usr/bin/env node
// Checks an income statement as a lender would: nothing of Blue Cycle, Node 20 or newer alone.
//   node examples/check-income-statement.mjs STATEMENT.jws KEYS.json
// KEYS.json is what GET /v1/income-statements/keys answered once; the keys stand in the public ledger as well.
// Exit 0: signed by one of the keys and not expired. 1: not. Whether it was revoked since, only
// GET /v1/income-statements/CODE can say.
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [statementFile, keysFile] = process.argv.slice(2);
if (keysFile === undefined) {
  console.error('write: node examples/check-income-statement.mjs STATEMENT.jws KEYS.json');
  process.exit(2);
}
const [header = '', payload = '', signature = '', ...rest] = readFileSync(statementFile, 'utf8').trim().split('.');
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
const refuse = (why) => {
  console.error(why);
  process.exit(1);
};

let said;
try {
  said = decoded(header);
} catch {
  refuse('this is no JSON Web Signature');
}
if (rest.length > 0 || said.alg !== 'EdDSA' || said.typ !== 'income-statement+jws')
  refuse('this is no income statement');
const jwk = JSON.parse(readFileSync(keysFile, 'utf8')).keys.find(({ kid }) => kid === said.kid);
if (jwk === undefined) refuse(`no key ${said.kid} among yours`);
const key = createPublicKey({ key: jwk, format: 'jwk' });
if (!verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
  refuse('the signature does not fit: it was changed, or is not from here');
const statement = decoded(payload);
if (statement.exp * 1_000 <= Date.now()) refuse(`it expired at ${new Date(statement.exp * 1_000).toISOString()}`);
console.log(JSON.stringify(statement, null, 2));
