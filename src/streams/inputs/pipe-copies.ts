import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { ifThere, readIfThere, writeWhole } from '../../files/whole.ts';
import { unrangedFile } from './objects.ts';
import { isSubstitution, type Pipe, pipeKeys, pipeOf } from './pipe.ts';
import { digestOf, type Spooled, spool } from './spool.ts';

/** In the folder of the copies: which pipe is in which. */
export const PIPES_FILE = 'pipes.json';

/** What is known of a pipe; `copy` is null until its stream was read to the end. */
interface Kept {
  /** Of its documents' file. */
  readonly name: string;
  readonly copy: string | null;
  readonly bytes: number;
}

export interface CopyOptions {
  /** Keeps the copies, and which pipe each is of. Default: a folder that goes with the process. */
  readonly folder?: string;
  /** A run that goes on owns the folder: another stream than the one it was started with is refused. */
  readonly resumed?: boolean;
  /** What `-` stands for. Default: standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Aborted: nothing is waited for any more, and what is half copied is removed. */
  readonly stop?: AbortSignal;
}

export interface PipeCopies {
  /** By the input that names the pipe. */
  readonly copies: ReadonlyMap<string, Spooled>;
  /** Pipes that nobody writes to now, and of which there is no whole copy. */
  readonly missing: readonly MissingPipe[];
}

export interface MissingPipe {
  readonly called: string;
  /** True where a start before has begun to copy it. */
  readonly begun: boolean;
  /** Bytes of the copy when that start was killed, where they are still there. */
  readonly cutAt: number | null;
}

/** True where a start before has copied pipes into this folder, or has begun to. */
export const hasCopies = (folder: string): boolean => existsSync(join(folder, PIPES_FILE));

/**
 * Copies the pipes among the inputs, one after the other. Where a start before has copied a stream to its end, nobody
 * has to write it again: the copy is the input. Errors: ConfigError where another stream is given to a run that goes
 * on, and on a terminal; InputError when the disk would be full.
 */
export async function copyPipes(
  inputs: readonly string[],
  { folder, resumed = false, stdin, stop }: CopyOptions = {},
): Promise<PipeCopies> {
  const copies = new Map<string, Spooled>();
  const missing: MissingPipe[] = [];
  const record = await openRecord(folder);
  for (const [input, key] of pipeKeys(inputs)) {
    if (stop?.aborted) break;
    const before = record.get(key);
    const again = before !== undefined || resumed;
    const pipe = isUrl(input) ? await unrangedFile(input) : pipeOf(input, stdin);
    // A FIFO that was deleted, a substitution that is closed.
    const gone = !isUrl(input) && !existsSync(input) && (before !== undefined || (resumed && isSubstitution(input)));
    if (pipe === null && !gone) continue;
    const copy = folder === undefined ? null : keptCopy(folder, input, before);
    const stream = again ? pipe?.readIfGiven() : pipe?.read();
    if (pipe && stream) {
      const given =
        copy && resumed
          ? await stoppable(stream, stop, () => compared(pipe, stream, copy))
          : await stoppable(stream, stop, () => copied(pipe, stream, key, copy));
      if (given !== null) copies.set(input, given);
      else if (stop?.aborted && copy === null) await record.forget(key);
      if (given !== null || stop?.aborted) continue;
    }
    if (copy !== null) copies.set(input, copy);
    else missing.push({ called: pipe?.called ?? input, begun: before !== undefined, cutAt: await cutAt(folder) });
  }
  return { copies, missing };

  /** Null where nothing came that was given before, and where it was stopped. */
  async function copied(
    pipe: Pipe,
    stream: AsyncIterable<Uint8Array>,
    key: string,
    copy: Spooled | null,
  ): Promise<Spooled | null> {
    const again = record.get(key) !== undefined || resumed;
    if (copy === null) await record.set(key, { name: pipe.name, copy: null, bytes: 0 });
    const made = await spool(pipe, folder, stream);
    // The end of a stream whose writer was stopped by the same Ctrl-C is not its end.
    const use = !stop?.aborted && (made.bytes > 0 || !again);
    if (use) await record.set(key, { name: pipe.name, copy: basename(made.path), bytes: made.bytes });
    const left = use ? copy?.path : made.path;
    // Two pipes may hold the same.
    if (left !== undefined && !record.names(basename(left))) await rm(left, { force: true });
    return use ? made : null;
  }
}

/** The copy, where the stream is the same; null where nothing comes. */
async function compared(pipe: Pipe, stream: AsyncIterable<Uint8Array>, copy: Spooled): Promise<Spooled | null> {
  const { name, bytes } = await digestOf(stream);
  if (copy.path.endsWith(`/${name}`)) return copy;
  if (bytes === 0) return null;
  throw new ConfigError({
    expected: `the stream that this run was started with (${copy.bytes} bytes), or none`,
    got: `another one, of ${bytes} bytes`,
    where: pipe.called,
    fix:
      'To go on from the copy that the run keeps, give no stream: `< /dev/null`, `<(:)`, a FIFO that nobody writes ' +
      'to. To read the new one run with --fresh, or choose another folder with --output.',
  });
}

/** Why a run cannot go on without a stream. */
export function missingPipe({ called, begun, cutAt }: MissingPipe): ConfigError {
  const cut = cutAt === null ? '' : ` after ${cutAt} bytes`;
  return new ConfigError({
    problem: begun
      ? `the copy of ${called} is not whole: the start that made it was stopped${cut}`
      : `nobody writes to ${called}, and there is no copy of what it held`,
    expected: 'the stream again, from its beginning',
    got: 'nothing',
    where: '--input',
    fix:
      'Give the same command while something writes the stream: `COMMAND | sluice run ... --input -`, ' +
      '`--input <(COMMAND)`, or `COMMAND > FIFO &` before it.',
  });
}

/** Runs until the stream ends, or null when it is stopped. */
async function stoppable<T>(
  stream: AsyncIterable<Uint8Array>,
  stop: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T | null> {
  const end = (): void => void (stream as Partial<Readable>).destroy?.();
  stop?.addEventListener('abort', end);
  try {
    return await work();
  } catch (error) {
    // What was destroyed ends too early.
    if (stop?.aborted) return null;
    throw error;
  } finally {
    stop?.removeEventListener('abort', end);
  }
}

function keptCopy(folder: string, input: string, kept: Kept | undefined): Spooled | null {
  if (!kept?.copy) return null;
  const { name, bytes } = kept;
  const path = join(folder, kept.copy);
  const warning = `${input === '-' ? 'standard input' : input}: read from the copy in ${path} (${bytes} bytes)`;
  return existsSync(path) ? { name, path, bytes, warning } : null;
}

async function cutAt(folder: string | undefined): Promise<number | null> {
  if (folder === undefined || !existsSync(folder)) return null;
  const partial = (await readdir(folder)).find((name) => /^stdin-[\w-]+\.tmp$/.test(name));
  return partial === undefined ? null : ((await ifThere(stat(join(folder, partial))))?.size ?? null);
}

async function openRecord(folder: string | undefined) {
  const path = folder === undefined ? null : join(folder, PIPES_FILE);
  const text = path === null ? null : await readIfThere(path);
  const all = new Map(Object.entries(JSON.parse(text ?? '{}') as Readonly<Record<string, Kept>>));
  const save = async (): Promise<void> => {
    if (path === null || folder === undefined) return;
    await mkdir(folder, { recursive: true });
    await writeWhole(path, `${JSON.stringify(Object.fromEntries(all))}\n`);
  };
  return {
    get: (key: string): Kept | undefined => all.get(key),
    names: (copy: string): boolean => [...all.values()].some((kept) => kept.copy === copy),
    set(key: string, kept: Kept): Promise<void> {
      all.set(key, kept);
      return save();
    },
    async forget(key: string): Promise<void> {
      all.delete(key);
      if (all.size > 0 || path === null || folder === undefined) return save();
      await rm(path, { force: true });
      // What else lies there is of another start.
      if ((await readdir(folder)).length === 0) await rmdir(folder);
    },
  };
}
