import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { InputError } from '../../errors.ts';
import { fileLines } from '../../files/lines.ts';
import { loadXxhash, xxh64Hex } from '../../hash.ts';
import type { Counters, DropExample } from './counters.ts';
import { splitPhaseNumber } from './phase.ts';

/** Documents and tokens by domain; tokens with those that end documents. */
export type DomainTokens = Readonly<Record<string, { readonly documents: number; readonly tokens: number }>>;

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
  /** Of a file of token ids: what it holds of each domain. */
  readonly tokens?: DomainTokens;
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

/** A cluster, counted. */
export type ClusterSize = Pick<DuplicateCluster, 'survivor' | 'documents'>;

/** One line of commits.jsonl: everything that became true at once. */
export interface Commit {
  readonly format: 1;
  /** See `phaseOf`. */
  readonly phase: string;
  /** Split number; for decide and shard the number of the piece. */
  readonly split: number;
  readonly files: readonly CommittedFile[];
  /** Files of earlier commits that these replace. */
  readonly replaces: readonly string[];
  readonly counters: Counters | null;
  /** Of a dedup's decision: the cluster with the most documents; null when nothing is a copy. */
  readonly cluster?: DuplicateCluster | null;
  /** Of a part of it: the largest cluster of the part, and every other with more than a 256th of its copies. */
  readonly clusters?: readonly ClusterSize[];
  readonly at: string;
}

/** The line of a commit, newline included: its JSON with a checksum over that JSON in front. */
export async function commitLine(commit: Commit): Promise<string> {
  const body = JSON.stringify(commit);
  return `{"xxh64":"${await xxh64Hex(body)}","commit":${body}}\n`;
}

/** Before the body of a line: 16 hexadecimal digits of its checksum in the middle. */
const BEFORE_HASH = '{"xxh64":"';
const AFTER_HASH = '","commit":';
const BODY_AT = BEFORE_HASH.length + 16 + AFTER_HASH.length;

/** A line without its newline; null when its checksum does not hold. */
function parseLine(line: Buffer, h64: (bytes: Uint8Array) => bigint): Commit | null {
  const head = line.toString('latin1', 0, BODY_AT);
  const body = line.subarray(BODY_AT, -1);
  const hash = head.slice(BEFORE_HASH.length, -AFTER_HASH.length);
  if (head !== `${BEFORE_HASH}${hash}${AFTER_HASH}` || line.at(-1) !== 0x7d) return null;
  if (h64(body).toString(16).padStart(16, '0') !== hash) return null;
  return JSON.parse(body.toString('utf8')) as Commit;
}

/** A commit as it was read, and where its line stands: bytes from `offset` on, without the newline. */
export interface CommitLine {
  readonly commit: Commit;
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads commits.jsonl line by line, so that a log of any size needs the memory of one line. A torn last line never
 * happened; a bad line before it is refused.
 * @param repair cut the torn line from the file, and flush the rest: who acts on a line must be sure that it stays
 *   after a power cut
 */
export async function* commitLines(path: string, { repair }: { repair: boolean }): AsyncGenerator<CommitLine> {
  if (!existsSync(path)) return;
  const { h64Raw } = await loadXxhash();
  const file = await open(path, 'r');
  let good = 0;
  try {
    const { size } = await file.stat();
    for await (const line of fileLines(file, size)) {
      const commit = line.whole ? parseLine(line.bytes, h64Raw) : null;
      if (commit === null) {
        if (!line.whole || good + line.bytes.length + 1 >= size) break;
        throw new InputError({
          expected: 'commit lines whose checksums hold',
          got: `a damaged line at byte ${good}, with others after it`,
          where: path,
          fix: 'The disk or another program changed it. Restore the file, or start over with --fresh.',
        });
      }
      yield { commit, offset: good, length: line.bytes.length };
      good += line.bytes.length + 1;
    }
  } finally {
    await file.close();
  }
  if (repair) await cutAt(path, good);
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
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the file when there is none, so that its name can be made durable before the first line. */
  async create(): Promise<void> {
    await (await open(this.path, 'a')).close();
  }

  /** Returns where the line stands. */
  append(commit: Commit): Promise<Omit<CommitLine, 'commit'>> {
    const next = this.#last.then(async () => {
      const line = Buffer.from(await commitLine(commit));
      const handle = await open(this.path, 'a');
      try {
        const { size: offset } = await handle.stat();
        await handle.writeFile(line);
        await handle.sync();
        return { offset, length: line.length - 1 };
      } finally {
        await handle.close();
      }
    });
    this.#last = next;
    return next;
  }
}

/** What `liveFiles` needs of a commit. */
type WithFiles = Pick<Commit, 'phase' | 'split' | 'files' | 'replaces'>;

/** The files that make up a sink now, in split order, then phase order: those committed and not replaced since. */
export function liveFiles(commits: readonly WithFiles[], sink?: string): CommittedFile[] {
  const replaced = new Set(commits.flatMap((c) => c.replaces));
  const last = Number.MAX_SAFE_INTEGER;
  return commits
    .map((c, order) => ({ c, order, phase: splitPhaseNumber(c) ?? last }))
    .sort((a, b) => a.c.split - b.c.split || a.phase - b.phase || compare(a.c.phase, b.c.phase) || a.order - b.order)
    .flatMap(({ c }) => c.files)
    .filter((f) => !replaced.has(f.path) && (sink === undefined || f.sink === sink));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
