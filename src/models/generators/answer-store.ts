import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, InvariantError } from '../../errors.ts';
import { diskError, type FileSystem, nodeFileSystem, type OpenFile } from '../../files/file-system.ts';
import { fileLines } from '../../files/lines.ts';
import { canonicalJson, loadXxhash } from '../../hash.ts';
import { type AnsweredRecord, type AnswerRecord, type RejectedRecord, readRecord, recordLine } from './answer-lines.ts';
import { NO_USAGE, usageSum } from './budget.ts';
import type { GenerationRequest, Usage } from './generator.ts';

/** Hash of all that decides an answer but its limit, 32 hexadecimal digits. */
export function requestKey(model: string, request: GenerationRequest): string {
  const { maxTokens: _, sample = 0, ...rest } = request;
  return createHash('sha256')
    .update(canonicalJson({ model, sample, ...rest }))
    .digest('hex')
    .slice(0, 32);
}

/** Where the line of an outcome stands, and what decides whether it is good for a request. */
interface Place {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly ended: boolean;
  readonly limit: number;
  readonly tokens: number;
}

interface Known {
  attempts: number;
  /** Of attempts since the last answer: billed and come to nothing. */
  wasted: Usage;
  readonly places: Place[];
}

/** What a store holds of a step. */
export interface StepSpending {
  /** Billed, as far as servers said. */
  readonly billed: Usage;
  /** Of that, for attempts that came to nothing. */
  readonly wasted: Usage;
  /** The most that attempts may have been billed which were out when a process died. */
  readonly unknown: Usage;
  /** How many of these there are. */
  readonly cutOff: number;
}

/**
 * Answers on disk, each paid once: one file a process and start, appended line by line with a checksum, so that any
 * number of runs and nodes share a folder. An intent is durable before its request goes out, an answer before anybody
 * uses it. In memory: about 250 bytes an answer; texts stay on disk.
 */
export interface AnswerStore {
  readonly folder: string;
  /** An answer or a rejection that is good for a limit; null: there is none. */
  find(key: string, maxTokens: number): Promise<AnsweredRecord | RejectedRecord | null>;
  /** Attempts at a key so far. */
  attempts(key: string): number;
  /** Billed for attempts at it that came to nothing, since its last answer. */
  wastedOn(key: string): Usage;
  /** Resolves when the record is on disk. Errors: InputError for a disk that is full. */
  append(record: AnswerRecord): Promise<void>;
  /** What a step has spent in this store before it was opened now. */
  spentBefore(step: string): StepSpending;
  close(): Promise<void>;
}

/** Opens a folder of answers, made where there is none. Errors: InputError for a line that was changed. */
export async function openAnswerStore(folder: string, fileSystem: FileSystem = nodeFileSystem): Promise<AnswerStore> {
  await mkdir(folder, { recursive: true });
  const known = new Map<string, Known>();
  const spent = new Map<string, StepSpending>();
  const stepOf = new Map<string, { step: string; most: Usage }>();
  const spend = (step: string, change: (s: StepSpending) => Partial<StepSpending>): void => {
    const now = spent.get(step) ?? { billed: NO_USAGE, wasted: NO_USAGE, unknown: NO_USAGE, cutOff: 0 };
    spent.set(step, { ...now, ...change(now) });
  };
  const of = (key: string): Known => {
    const found = known.get(key) ?? { attempts: 0, wasted: NO_USAGE, places: [] };
    known.set(key, found);
    return found;
  };
  const learn = (record: AnswerRecord, place: Pick<Place, 'file' | 'offset' | 'length'>): void => {
    const entry = of(record.key);
    switch (record.type) {
      case 'intent':
        entry.attempts = Math.max(entry.attempts, record.attempt + 1);
        break;
      case 'lost':
        entry.wasted = usageSum(entry.wasted, record.usage ?? NO_USAGE);
        break;
      case 'answer':
        entry.wasted = NO_USAGE;
        entry.places.push({
          ...place,
          ended: record.finish !== 'length',
          limit: record.limit,
          tokens: record.usage.tokens,
        });
        break;
      case 'rejected':
        entry.places.push({ ...place, ended: false, limit: record.limit, tokens: 0 });
        break;
    }
  };
  /** Intents of earlier starts that nothing came back for are what a kill cut off. */
  const tally = (record: AnswerRecord): void => {
    const attempt = `${record.key} ${record.attempt}`;
    const intent = stepOf.get(attempt);
    if (record.type === 'intent') {
      stepOf.set(attempt, { step: record.step, most: record.most });
      return;
    }
    stepOf.delete(attempt);
    if (record.type === 'rejected' || !intent) return;
    const { usage } = record;
    if (usage === null) spend(intent.step, (s) => ({ unknown: usageSum(s.unknown, intent.most) }));
    else spend(intent.step, (s) => ({ billed: usageSum(s.billed, usage) }));
    if (record.type === 'lost' && usage !== null) spend(intent.step, (s) => ({ wasted: usageSum(s.wasted, usage) }));
  };
  const { h64Raw } = await loadXxhash();
  for (const name of (await readdir(folder)).filter((n) => /^answers-[\w-]+\.log$/.test(n)).sort()) {
    const path = join(folder, name);
    const file = await open(path, 'r');
    try {
      let offset = 0;
      for await (const { bytes, whole } of fileLines(file, (await file.stat()).size)) {
        // The end of a process in the middle of a line.
        if (!whole) break;
        const record = readRecord(bytes, h64Raw);
        if (record === null) throw changed(path, offset);
        learn(record, { file: path, offset, length: bytes.length });
        tally(record);
        offset += bytes.length + 1;
      }
    } finally {
      await file.close();
    }
  }
  for (const { step, most } of stepOf.values())
    spend(step, (s) => ({ unknown: usageSum(s.unknown, most), cutOff: s.cutOff + 1 }));
  stepOf.clear();

  const own = join(folder, `answers-${randomBytes(6).toString('hex')}.log`);
  const log = appender(own, fileSystem, folder);
  const readers = new Map<string, Promise<OpenFile>>();
  const read = async ({ file, offset, length }: Place): Promise<AnswerRecord> => {
    const reader = readers.get(file) ?? fileSystem.open(file, 'r');
    readers.set(file, reader);
    const line = Buffer.alloc(length);
    await fileSystem.read(await reader, line, offset);
    const record = readRecord(line, h64Raw);
    if (record === null) throw changed(file, offset);
    return record;
  };
  return {
    folder,
    attempts: (key) => known.get(key)?.attempts ?? 0,
    wastedOn: (key) => known.get(key)?.wasted ?? NO_USAGE,
    async find(key, maxTokens) {
      const place = known.get(key)?.places.findLast((p) => (p.ended ? p.tokens <= maxTokens : p.limit === maxTokens));
      return place ? ((await read(place)) as AnsweredRecord | RejectedRecord) : null;
    },
    async append(record) {
      const line = await recordLine(record);
      const offset = await log.append(line);
      learn(record, { file: own, offset, length: line.length - 1 });
    },
    spentBefore: (step) => spent.get(step) ?? { billed: NO_USAGE, wasted: NO_USAGE, unknown: NO_USAGE, cutOff: 0 },
    async close() {
      await log.close();
      for (const reader of readers.values()) await fileSystem.close(await reader);
      readers.clear();
    },
  };
}

/** Appends to a file that is made with the first line. Lines that come while the disk is busy are flushed together. */
function appender(path: string, fileSystem: FileSystem, folder: string) {
  let file: OpenFile | null = null;
  let size = 0;
  let broken: Error | null = null;
  let queue: { line: Buffer; resolve: (offset: number) => void; reject: (error: Error) => void }[] = [];
  let flushing: Promise<void> | null = null;
  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const now = queue;
      queue = [];
      try {
        if (broken) throw broken;
        if (file === null) {
          file = await fileSystem.open(path, 'wx');
          await fileSystem.fsyncFolder(folder);
        }
        await fileSystem.write(file, Buffer.concat(now.map((q) => q.line)));
        await fileSystem.fsync(file);
      } catch (error) {
        // Behind half a line nothing may follow.
        broken ??= error instanceof InputError ? error : diskError(error, 'keep an answer', path);
        for (const { reject } of now) reject(broken);
        continue;
      }
      for (const { line, resolve } of now) {
        resolve(size);
        size += line.length;
      }
    }
    flushing = null;
  };
  return {
    append: (line: Buffer) =>
      new Promise<number>((resolve, reject) => {
        queue.push({ line, resolve, reject });
        flushing ??= flush();
      }),
    async close(): Promise<void> {
      await flushing;
      if (queue.length > 0) throw new InvariantError({ expected: 'no answer to write', got: `${queue.length}` });
      if (file) await fileSystem.close(file);
      file = null;
    },
  };
}

const changed = (path: string, offset: number): InputError =>
  new InputError({
    expected: 'lines of a store of answers as they were written',
    got: `one whose checksum does not hold, at byte ${offset}`,
    where: path,
    fix: 'Put the file back from a copy, or delete it: the answers in it are then asked for, and paid, again.',
  });
