import { continues, ExportCheck, type Remembered, verifyBundle } from '../../verifier/index.ts';
import type { Answer, Asked } from './messages.ts';

const STEP_MS = 100;
/** An export begins with entry 0, or has nothing but its end. */
const EXPORT_START = /^\{"(actor|head|checkpoint)":/;

/** The bundle of a statement has another bundle within. */
const STATEMENT_START = '{"bundle":';

const secondsSince = (start: number): number => (performance.now() - start) / 1_000;

const checkBundle = async (bytes: Uint8Array, now: number): Promise<Answer> => {
  const start = performance.now();
  if (new TextDecoder().decode(bytes.subarray(0, STATEMENT_START.length)) === STATEMENT_START) {
    const { verifyStatement } = await import('../../credentials/statement-check.ts');
    const verdict = verifyStatement(bytes, { now });
    return { kind: 'statement', verdict, seconds: secondsSince(start) };
  }
  const verdict = verifyBundle(bytes);
  return { kind: 'bundle', verdict, seconds: secondsSince(start) };
};

const checkExport = async (
  file: Blob,
  remembered: Remembered[],
  tell: (answer: Answer) => void,
): Promise<Answer> => {
  const start = performance.now();
  const check = new ExportCheck({ remembered });
  const reader = file.stream().getReader();
  let [read, told] = [0, start];
  while (!check.failed) {
    const { value, done } = await reader.read();
    if (done) break;
    check.push(value);
    read += value.length;
    if (performance.now() - told < STEP_MS) continue;
    told = performance.now();
    tell({ kind: 'progress', entries: check.size, read, total: file.size, seconds: secondsSince(start) });
  }
  if (check.failed) await reader.cancel();
  return { kind: 'export', verdict: check.finish(), seconds: secondsSince(start) };
};

const answer = async ({ question, now }: Asked, tell: (answer: Answer) => void): Promise<Answer> => {
  if (question.kind === 'continues') {
    const { before, now, proof } = question;
    return { kind: 'continues', continues: continues(before, now, proof) };
  }
  if (question.kind === 'bundle') return checkBundle(question.bytes, now);
  const { file, remembered } = question;
  if (EXPORT_START.test(await file.slice(0, 20).text())) return checkExport(file, remembered, tell);
  return checkBundle(new Uint8Array(await file.arrayBuffer()), now);
};

self.addEventListener('message', async ({ data }: MessageEvent<Asked>) => {
  const { id } = data;
  const tell = (said: Answer): void => self.postMessage({ id, answer: said });
  tell(await answer(data, tell));
});
