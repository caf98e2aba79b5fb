import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lock } from '../../files/lock.ts';
import { readIfThere, syncFolder } from '../../files/whole.ts';
import { checkHeader, type MixHistory, mixHistory } from '../../mixture/history.ts';
import { formatLine, type LogHeader, type LogLine, logHeader, type ParsedLog, parseLog } from '../../mixture/log.ts';
import type { Mix } from '../../mixture/mix.ts';
import { LoggedSteps } from './logged-steps.ts';

/** `mixture.jsonl` in the folder of a feed: what steers it, and what it has drawn by. */
export interface MixtureFile {
  readonly history: MixHistory;
  /** Steps below it have their lines. */
  readonly logged: number;
  /** Writes lines and makes them durable before it resolves; in the order of the calls. */
  append(lines: readonly LogLine[]): Promise<void>;
  close(): Promise<void>;
  /** Of a log that other processes write too: reads what they have written; null: nothing. */
  catchUp?(): Promise<{ readonly redrawFrom: number | null } | null>;
  /** False where another process writes the log. */
  readonly mine?: boolean;
  /** How often a log that others write is looked at while a step waits, in ms. */
  readonly pollMs?: number;
}

/**
 * What a feed wrote before; null: nothing. Errors: InputError for a damaged log, ConfigError for a file of somebody
 * else's.
 */
export async function readMixture(folder: string): Promise<ParsedLog | null> {
  const file = join(folder, 'mixture.jsonl');
  const text = await readIfThere(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTDIR') throw error;
    throw new ConfigError({
      expected: 'a folder for the state of the feed',
      got: 'a file',
      where: folder,
      fix: 'Name another with --state.',
    });
  });
  if (text === null) return null;
  const parsed = parseLog(text, file);
  // A header that a kill tore begins as one; nothing of somebody else's is written over.
  if (parsed.header !== null || HEADER.startsWith(text.slice(0, HEADER.length))) return parsed;
  throw new ConfigError({
    expected: 'the log of a feed',
    got: 'another file',
    where: file,
    fix: 'Name another folder with --state.',
  });
}

/** How the first line of a log begins. */
const HEADER = '{"type":"header"';

/**
 * Takes the folder for this process and goes on with its log, or begins one. Errors: ConfigError when another process
 * has the folder, or it belongs to another feed.
 */
export async function openMixture(
  folder: string,
  mix: Mix,
  { seed, lag, sequences }: Pick<LogHeader, 'seed' | 'lag' | 'sequences'>,
): Promise<MixtureFile> {
  await mkdir(folder, { recursive: true });
  if (existsSync(join(folder, 'begun.json')))
    throw new ConfigError({
      problem: `${folder} holds the log of a feed that several servers serve`,
      expected: 'a new folder, or that of a feed of one server',
      got: 'a folder with a begun.json',
      where: '--state',
      fix: 'Serve it with --shared, or begin anew with another --state.',
    });
  await lock(folder);
  try {
    const before = await readMixture(folder);
    const history = mixHistory(mix, lag);
    if (before?.header) checkHeader(before.header, mix, seed, lag, sequences);
    for (const line of before?.lines ?? []) history.record(line);
    const steps = new LoggedSteps(lag);
    for (const line of before?.lines ?? []) steps.take(line);
    const file = await openLog(folder, before, logHeader(mix, seed, lag, sequences));
    return { history, logged: steps.logged, ...appender(file), close: () => closeAll(folder, file) };
  } catch (error) {
    await rm(join(folder, 'lock'), { force: true });
    throw error;
  }
}

async function openLog(folder: string, before: ParsedLog | null, header: LogHeader): Promise<FileHandle> {
  const file = await open(join(folder, 'mixture.jsonl'), 'a');
  try {
    // A kill may have torn the last line: it was not answered, so it never was.
    if (before) await file.truncate(before.header ? before.bytes : 0);
    if (!before?.header) await file.writeFile(formatLine(header));
    await file.sync();
    await syncFolder(folder);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function appender(file: FileHandle): Pick<MixtureFile, 'append'> {
  let last: Promise<unknown> = Promise.resolve();
  return {
    append(lines) {
      // After an error what stands at the end of the file is not known: every further line is refused with it.
      const next = last.then(async () => {
        if (lines.length === 0) return;
        await file.writeFile(lines.map(formatLine).join(''));
        await file.datasync();
      });
      last = next;
      return next;
    },
  };
}

async function closeAll(folder: string, file: FileHandle): Promise<void> {
  await file.close();
  await rm(join(folder, 'lock'), { force: true });
}
