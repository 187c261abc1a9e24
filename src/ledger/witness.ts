import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { sha256, toHex } from '../kernel/hash.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { type NoteSigner, verifyEd25519 } from './log-key.ts';
import {
  formatSignature,
  fromBase64,
  type Note,
  NoteFault,
  type NoteKey,
  parseNote,
  verifyNote,
} from './note.ts';
import { ProofFault, same, verifyConsistency } from './proof.ts';

/** As many lines as a proof can have (C2SP tlog-witness, "add-checkpoint"). */
const MOST_PROOF_LINES = 63;

/** What a witness answers; the status numbers are the protocol's. */
export type WitnessAnswer = { status: 200 | 400 | 403 | 404 | 409 | 422; text: string; isSize?: true };

type Request = { old: number; proof: Uint8Array[]; note: Note; checkpoint: Checkpoint };

export type WitnessOptions = {
  signer: NoteSigner;
  /** Keys of the logs it watches; their names are the logs' origins. */
  logs: readonly NoteKey[];
  /** Keeps one file for each log. */
  directory: string;
  /** Milliseconds since 1970. */
  clock: () => number;
};

/**
 * A witness (C2SP tlog-witness): cosigns a checkpoint of a log it knows when it continues the one cosigned before, and
 * remembers it on the disk before it answers. So nobody who asks for its signature is ever shown two histories.
 */
export class Witness {
  private readonly options: WitnessOptions;
  /** One request after the other: what is compared must still be so when it is replaced. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: WitnessOptions) {
    this.options = options;
  }

  /** Answers `POST /add-checkpoint` with this body. */
  addCheckpoint(body: string): Promise<WitnessAnswer> {
    const answer = this.last.then(() => this.answer(body));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  private async answer(body: string): Promise<WitnessAnswer> {
    const request = parseRequest(body);
    if (request === null)
      return refuse(400, 'write "old SIZE", proof lines, an empty line, and a checkpoint');
    const { old, proof, note, checkpoint } = request;
    const keys = this.options.logs.filter(({ name }) => name === checkpoint.origin);
    if (keys.length === 0) return refuse(404, `the log ${checkpoint.origin} is not watched here`);
    if (!isSigned(note, keys)) return refuse(403, 'no signature is by a key of that log');
    if (old > checkpoint.size) return refuse(400, 'the old size is beyond the checkpoint');
    const known = await this.known(checkpoint.origin);
    const isSame = old === checkpoint.size;
    if (old !== known.size || (isSame && old > 0 && !same(known.root, checkpoint.root)))
      return { status: 409, text: `${known.size}\n`, isSize: true };
    try {
      if (old > 0) verifyConsistency(sha256, old, checkpoint.size, known.root, checkpoint.root, proof);
      else if (proof.length > 0) throw new ProofFault('the proof is too long');
    } catch (error) {
      if (error instanceof ProofFault) return refuse(422, error.message);
      throw error;
    }
    await this.remember(checkpoint);
    return {
      status: 200,
      text: formatSignature(this.options.signer.cosign(note.text, this.options.clock())),
    };
  }

  private file(origin: string): string {
    return path.join(this.options.directory, `${toHex(sha256(Buffer.from(origin)))}.json`);
  }

  private async known(origin: string): Promise<{ size: number; root: Uint8Array }> {
    let text: string;
    try {
      text = await readFile(this.file(origin), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return { size: 0, root: new Uint8Array(0) };
    }
    const { size, root } = JSON.parse(text) as { size: number; root: string };
    return { size, root: Buffer.from(root, 'hex') };
  }

  private async remember({ origin, size, root }: Checkpoint): Promise<void> {
    const file = this.file(origin);
    const handle = await open(`${file}.part`, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify({ origin, size, root: toHex(root) })}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.part`, file);
  }
}

const refuse = (status: 400 | 403 | 404 | 422, reason: string): WitnessAnswer => ({
  status,
  text: `${reason}\n`,
});

const isSigned = (note: Note, keys: readonly NoteKey[]): boolean => {
  try {
    return verifyNote(note, keys, verifyEd25519).length > 0;
  } catch (error) {
    if (error instanceof NoteFault) return false;
    throw error;
  }
};

/** null for a body that is not written as C2SP tlog-witness says. */
const parseRequest = (body: string): Request | null => {
  const cut = body.indexOf('\n\n');
  const [first = '', ...lines] = body.slice(0, Math.max(0, cut)).split('\n');
  const old = /^old (0|[1-9]\d*)$/.exec(first)?.[1];
  if (old === undefined || !Number.isSafeInteger(Number(old)) || lines.length > MOST_PROOF_LINES) return null;
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = fromBase64(line);
    if (hash?.length !== 32) return null;
    proof.push(hash);
  }
  try {
    const note = parseNote(body.slice(cut + 2));
    return { old: Number(old), proof, note, checkpoint: parseCheckpoint(note.text) };
  } catch (error) {
    if (error instanceof NoteFault) return null;
    throw error;
  }
};
