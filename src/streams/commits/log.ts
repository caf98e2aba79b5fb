import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { InputError } from '../../errors.ts';
import { xxh64Hex } from '../../hash.ts';
import type { Counters, DropExample } from './counters.ts';

/** An immutable file that a commit makes part of the run. */
export interface CommittedFile {
  /** Sink name: `documents`, `ledger`, `quarantine`, or a further sink. */
  readonly sink: string;
  /** Relative to the run directory. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly textBytes: number;
  /** xxh64 over the file, hexadecimal. */
  readonly xxh64: string;
}

/** A document that stands for others, as a dedup step decided. */
export interface DuplicateCluster {
  /** Position label of the survivor. */
  readonly survivor: string;
  /** The survivor and all its copies. */
  readonly documents: number;
  /** The first three copies in input order; the value is their similarity. */
  readonly examples: readonly DropExample[];
}

/** One line of commits.jsonl: everything that became true at once. */
export interface Commit {
  readonly format: 1;
  /** Phase of the run: `split/<phase>`, `decide/<step>`, `shard/<sink>`. */
  readonly phase: string;
  /** Split number; for decide and shard the number of the piece. */
  readonly split: number;
  readonly files: readonly CommittedFile[];
  /** Files of earlier commits that these replace. */
  readonly replaces: readonly string[];
  readonly counters: Counters | null;
  /** Of a dedup's decision: the cluster with the most documents; null when nothing is a copy. */
  readonly cluster?: DuplicateCluster | null;
  readonly at: string;
}

export const commitKey = (c: { readonly phase: string; readonly split: number }): string => `${c.phase}:${c.split}`;

/** The line of a commit, newline included: its JSON with a checksum over that JSON in front. */
export async function commitLine(commit: Commit): Promise<string> {
  const body = JSON.stringify(commit);
  return `{"xxh64":"${await xxh64Hex(body)}","commit":${body}}\n`;
}

const LINE = /^\{"xxh64":"([0-9a-f]{16})","commit":(.*)\}$/s;

async function parseLine(line: string): Promise<Commit | null> {
  const match = LINE.exec(line);
  if (!match || (await xxh64Hex(match[2])) !== match[1]) return null;
  return JSON.parse(match[2]) as Commit;
}

/**
 * Reads commits.jsonl. A torn last line never happened; a bad line before it is refused.
 * @param repair cut the torn line from the file, and flush the rest: who acts on a line must be sure that it stays
 *   after a power cut
 */
export async function readCommits(path: string, { repair }: { repair: boolean }): Promise<Commit[]> {
  if (!existsSync(path)) return [];
  const bytes = await readFile(path);
  const commits: Commit[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline;
    const commit = newline < 0 ? null : await parseLine(bytes.toString('utf8', at, end));
    if (commit === null) {
      if (bytes.indexOf(10, end) >= 0 && end + 1 < bytes.length) {
        throw new InputError({
          expected: 'commit lines whose checksums hold',
          got: `a damaged line at byte ${at}, with others after it`,
          where: path,
          fix: 'The disk or another program changed it. Restore the file, or start over with --fresh.',
        });
      }
      if (repair) await cutAt(path, at);
      return commits;
    }
    commits.push(commit);
    at = end + 1;
  }
  if (repair) await cutAt(path, bytes.length);
  return commits;
}

async function cutAt(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    if ((await handle.stat()).size > bytes) await handle.truncate(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Appends lines and makes each durable before it returns. One writer at a time. After an error every further line is
 * refused with the same error: what stands at the end of the file is not known then.
 */
export class CommitLog {
  readonly path: string;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the file when there is none, so that its name can be made durable before the first line. */
  async create(): Promise<void> {
    await (await open(this.path, 'a')).close();
  }

  append(commit: Commit): Promise<void> {
    this.#last = this.#last.then(async () => {
      const line = await commitLine(commit);
      const handle = await open(this.path, 'a');
      try {
        await handle.writeFile(line);
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
    return this.#last;
  }
}

/** The files that make up a sink now, in split order, then phase order: those committed and not replaced since. */
export function liveFiles(commits: readonly Commit[], sink?: string): CommittedFile[] {
  const replaced = new Set(commits.flatMap((c) => c.replaces));
  return [...commits]
    .map((c, order) => ({ c, order }))
    .sort((a, b) => a.c.split - b.c.split || comparePhase(a.c.phase, b.c.phase) || a.order - b.order)
    .flatMap(({ c }) => c.files)
    .filter((f) => !replaced.has(f.path) && (sink === undefined || f.sink === sink));
}

function comparePhase(a: string, b: string): number {
  const number = (p: string): number => Number(/^split\/(\d+)/.exec(p)?.[1] ?? Number.MAX_SAFE_INTEGER);
  return number(a) - number(b) || (a < b ? -1 : a > b ? 1 : 0);
}
