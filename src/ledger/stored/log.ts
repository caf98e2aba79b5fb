import { InputError } from '../../errors.ts';
import { atOnce } from '../../files/stores/at-once.ts';
import { bytesOf, type Store } from '../../files/stores/store.ts';
import { joinKey } from '../../files/stores/url.ts';

/** A run directory in a store: every key of it begins with the prefix. */
export interface RunPlace {
  readonly store: Store;
  /** Without a slash at its end; '' for a whole bucket. */
  readonly prefix: string;
}

/**
 * One object of the log of a run, `commits/<number>.json`: put where there is none, so of two processes one has it.
 * `claim`: a process begins to work, and those before it have ended. `commit`: lines of commits.jsonl. `fresh`: all
 * before is discarded. `end`: the run is finished, only its objects are still put into their places.
 */
export interface LogEntry {
  /** 2 of a commit of several lines, which versions before it would take for one. */
  readonly format: 1 | 2;
  readonly what: 'claim' | 'commit' | 'fresh' | 'end';
  /** Names the process that put it; the files of its commits lie below `segments/<attempt>/`. */
  readonly attempt: string;
  /** Whole lines, each with its newline: one in format 1, any number in format 2. */
  readonly line?: string;
  readonly at: string;
}

export interface StoredLog {
  /** Since the last `fresh`, in order. */
  readonly entries: readonly LogEntry[];
  /** Number that the next entry has. */
  readonly next: number;
}

const LOG = 'commits';
/** Objects that are read at once. */
const AT_ONCE = 32;

export const logKey = ({ prefix }: RunPlace, number: number): string =>
  joinKey(prefix, `${LOG}/${String(number).padStart(12, '0')}.json`);

export const logFolder = ({ prefix }: RunPlace): string => joinKey(prefix, `${LOG}/`);

/** Where the files of an attempt lie until the run is finished. */
export const segmentKey = ({ prefix }: RunPlace, attempt: string, path: string): string =>
  joinKey(prefix, `segments/${attempt}/${path}`);

export const segmentFolder = ({ prefix }: RunPlace): string => joinKey(prefix, 'segments/');

/** Reads the log. Errors: InputError when an entry is missing or of another format. */
export async function readLog(place: RunPlace): Promise<StoredLog> {
  const numbers: number[] = [];
  for await (const object of place.store.list(logFolder(place))) {
    const number = 'key' in object ? /\/?(\d{12})\.json$/.exec(object.key)?.[1] : undefined;
    if (number !== undefined) numbers.push(Number(number));
  }
  const gap = numbers.findIndex((n, i) => n !== numbers[0] + i);
  if (gap >= 0) throw damaged(place, numbers[gap] - 1, 'no such object');
  const entries = await atOnce(numbers, AT_ONCE, (n) => readEntry(place, n));
  const fresh = entries.findLastIndex((e) => e.what === 'fresh');
  return { entries: entries.slice(fresh + 1), next: (numbers.at(-1) ?? -1) + 1 };
}

async function readEntry(place: RunPlace, number: number): Promise<LogEntry> {
  const bytes = await bytesOf(place.store.get(logKey(place, number)));
  try {
    const entry = JSON.parse(bytes.toString('utf8')) as LogEntry | null;
    const format: unknown = entry?.format;
    if (format === 1 || format === 2) return entry as LogEntry;
    if (typeof format === 'number') throw foreign(place, number, format);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw damaged(place, number, 'something that is no entry');
}

const foreign = (place: RunPlace, number: number, format: number): InputError =>
  new InputError({
    expected: 'entries of the log of the run of format 1 or 2',
    got: `format ${format}`,
    where: `${place.store.url}/${logKey(place, number)}`,
    fix: 'Another version of Sluice has written it: go on with that one, or give another --output.',
  });

const damaged = (place: RunPlace, number: number, got: string): InputError =>
  new InputError({
    expected: 'every entry of the log of the run',
    got,
    where: `${place.store.url}/${logKey(place, number)}`,
    fix: 'Somebody deleted or changed it: restore it, or give another --output.',
  });
