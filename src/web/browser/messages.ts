import type { StatementVerdict } from '../../credentials/statement-check.ts';
import type { BundleVerdict, ExportVerdict, Remembered } from '../../verifier/index.ts';

/** What the page asks of its worker, each under a number. */
export type Question =
  | { kind: 'bundle'; bytes: Uint8Array }
  | { kind: 'file'; file: Blob; remembered: Remembered[] }
  | { kind: 'continues'; before: Remembered; now: Remembered; proof: string[] };

export type Answer =
  | { kind: 'bundle'; verdict: BundleVerdict; seconds: number }
  | { kind: 'statement'; verdict: StatementVerdict; seconds: number }
  | { kind: 'export'; verdict: ExportVerdict; seconds: number }
  | { kind: 'continues'; continues: boolean }
  /** While a file is read: entries so far, bytes of all bytes, seconds. */
  | { kind: 'progress'; entries: number; read: number; total: number; seconds: number };

/** `now`: the visitor's clock, in milliseconds since 1970. */
export type Asked = { id: number; now: number; question: Question };
export type Answered = { id: number; answer: Answer };
