import { fromBase64, NoteFault, toBase64 } from './note.ts';

/** What a log says of itself (C2SP tlog-checkpoint): how many entries, and the root over all of them. */
export type Checkpoint = { origin: string; size: number; root: Uint8Array };

const ROOT_BYTES = 32;

/** The text of a note: origin, size, root in base64, a line each. */
export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${toBase64(root)}\n`;

/** Reads the text of a note; lines that follow the root are passed over. Throws NoteFault when it is no checkpoint. */
export const parseCheckpoint = (text: string): Checkpoint => {
  const lines = text.split('\n');
  const [origin, size, root] = lines;
  const bytes = root === undefined ? undefined : fromBase64(root);
  if (!origin || !/^(0|[1-9]\d*)$/.test(size ?? '') || bytes?.length !== ROOT_BYTES || lines.at(-1) !== '')
    throw new NoteFault('a checkpoint has lines for origin, size, and a root of 32 bytes in base64');
  if (lines.slice(3, -1).some((line) => line === ''))
    throw new NoteFault('a line of a checkpoint is never empty');
  if (!Number.isSafeInteger(Number(size))) throw new NoteFault(`no log has ${size} entries`);
  return { origin, size: Number(size), root: bytes };
};
