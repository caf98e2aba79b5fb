import { loadXxhash } from '../../hash.ts';
import type { Finish, Usage } from './generator.ts';

/** What stands in a store of answers: one of these a line. */
export type AnswerRecord = IntentRecord | AnsweredRecord | LostRecord | RejectedRecord;

interface Common {
  /** Hash of the request, without the limit of its answer. */
  readonly key: string;
  /** 0 for the first. */
  readonly attempt: number;
}

/** About to be sent. */
export interface IntentRecord extends Common {
  readonly type: 'intent';
  readonly step: string;
  /** Position of the document that it is asked for: what it costs is the cost of that one. */
  readonly owner: string;
  /** The most that it can be billed. */
  readonly most: Usage;
  /** Name of the batch job that it is part of. */
  readonly batch?: string;
}

/** An answer; a refusal is one too. */
export interface AnsweredRecord extends Common {
  readonly type: 'answer';
  readonly step: string;
  readonly owner: string;
  readonly text: string;
  readonly finish: Finish;
  /** Limit of the answer, in tokens. */
  readonly limit: number;
  readonly usage: Usage;
  /** What was billed for attempts before it that came to nothing. */
  readonly wasted: Usage;
  readonly logprob: number | null;
}

/** An attempt that came to nothing; `usage` null: whether it was billed is not known. */
export interface LostRecord extends Common {
  readonly type: 'lost';
  readonly reason: string;
  readonly usage: Usage | null;
}

/** The server will not take this request. */
export interface RejectedRecord extends Common {
  readonly type: 'rejected';
  readonly step: string;
  readonly owner: string;
  readonly reason: string;
  readonly limit: number;
}

const HASH = 16;

/** The line of a record: checksum, space, JSON, newline. */
export async function recordLine(record: AnswerRecord): Promise<Buffer> {
  const body = Buffer.from(JSON.stringify(record));
  const hash = (await loadXxhash()).h64Raw(body).toString(16).padStart(HASH, '0');
  return Buffer.concat([Buffer.from(`${hash} `), body, Buffer.from('\n')]);
}

/** @param line without its newline; null when its checksum does not hold */
export function readRecord(line: Buffer, h64: (bytes: Uint8Array) => bigint): AnswerRecord | null {
  const body = line.subarray(HASH + 1);
  if (line.length <= HASH || h64(body).toString(16).padStart(HASH, '0') !== line.toString('latin1', 0, HASH))
    return null;
  return JSON.parse(body.toString('utf8')) as AnswerRecord;
}
