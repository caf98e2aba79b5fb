import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../files/whole.ts';
import { canonicalJson, xxh64Hex } from '../../hash.ts';
import type { Executor } from '../../models/executors/executor.ts';
import { from, lastValueFrom, mergeMap, Observable, tap } from '../../streams/flow/rxjs.ts';
import { SLUICE_VERSION } from '../../version.ts';
import { observed } from '../loop.ts';
import { openTokenFile, type TokenFile } from '../token-file.ts';
import { type ArmEvent, type ArmResult, readResult, trainArm } from './arm-training.ts';
import { readPart, readRecord, takeFolder, writePart, writeRecord } from './folder.ts';
import { type ComparedModel, openModel } from './model.ts';
import { type Prepared, prepareArms, readPrepared, samplePath } from './prepare-arms.ts';
import { type ComparisonReport, reportOf } from './report.ts';
import { markdownOf } from './report-markdown.ts';
import { reportSvg } from './report-svg.ts';
import { sampleSource } from './samples.ts';
import type { ComparisonSettings } from './settings.ts';

export interface ComparisonOptions {
  /** Folder of the comparison: going on with it, or new. */
  readonly output: string;
  /** One training at a time on each; each in a thread of its own. */
  readonly executors: readonly Executor[];
  /** Throws away what an earlier comparison left in the folder. */
  readonly fresh?: boolean;
  /** Aborted: finish the steps, keep checkpoints, stop. */
  readonly stop?: AbortSignal;
  readonly onWarning?: (text: string) => void;
}

export type ComparisonEvent =
  | { readonly type: 'reading'; readonly arm: string }
  | { readonly type: 'prepared'; readonly prepared: Prepared; readonly steps: number; readonly trainings: number }
  | (ArmEvent & { readonly arm: string; readonly seed: number; readonly steps: number })
  | { readonly type: 'stopped'; readonly folder: string; readonly done: number; readonly trainings: number }
  | {
      readonly type: 'finished';
      readonly folder: string;
      readonly already: boolean;
      readonly report: ComparisonReport;
    };

/**
 * Trains the same small model on every arm, at equal tokens and paired seeds, measures all of them on documents that
 * none was trained on, and writes `report.md`, `report.json` and `report.svg` into the folder. Again in the same folder
 * goes on where it stopped or was killed: trainings that ended are kept, one in work goes on from its checkpoint. Cold.
 *
 * Errors: ConfigError for settings, arms and folders that cannot be; those of reading and training.
 */
export function compare(settings: ComparisonSettings, options: ComparisonOptions): Observable<ComparisonEvent> {
  return new Observable((subscriber) => {
    const left = new AbortController();
    compared(settings, options, (event) => subscriber.next(event), left.signal).then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    );
    return () => left.abort();
  });
}

/** Of all that decides a number of the report. */
const identityOf = (settings: ComparisonSettings): Promise<string> => xxh64Hex(canonicalJson(settings));

type Emit = (event: ComparisonEvent) => void;

async function compared(
  settings: ComparisonSettings,
  options: ComparisonOptions,
  emit: Emit,
  left: AbortSignal,
): Promise<void> {
  const { output: folder, fresh = false } = options;
  const identity = await identityOf(settings);
  const before = fresh ? null : await readRecord(folder);
  if (before?.status === 'done' && before.identity === identity) {
    const report = await readPart<ComparisonReport>(join(folder, 'report.json'));
    if (report !== null) return emit({ type: 'finished', folder, already: true, report });
  }
  const leave = await takeFolder(folder, identity, fresh);
  try {
    const record = { format: 1, kind: 'comparison', sluice: SLUICE_VERSION, identity } as const;
    await writeRecord(folder, { ...record, status: 'running' });
    const report = await inFolder(settings, options, emit, left);
    if (report === null) return;
    await writePart(join(folder, 'report.json'), report);
    await writeWhole(join(folder, 'report.md'), markdownOf(report));
    await writeWhole(join(folder, 'report.svg'), reportSvg(report));
    await writeRecord(folder, { ...record, status: 'done' });
    emit({ type: 'finished', folder, already: false, report });
  } finally {
    await leave();
  }
}

/** Null where it was told to stop. */
async function inFolder(
  settings: ComparisonSettings,
  options: ComparisonOptions,
  emit: Emit,
  left: AbortSignal,
): Promise<ComparisonReport | null> {
  const { output: folder, executors, stop, onWarning } = options;
  const work = join(folder, 'work');
  const model = await openModel(settings);
  const trainings = settings.arms.length * settings.seeds;
  const onArm = (arm: string): void => emit({ type: 'reading', arm });
  const prepared = (await readPrepared(work)) ?? (await prepareArms(settings, model, work, { stop, onArm, onWarning }));
  if (prepared === null) {
    emit({ type: 'stopped', folder, done: 0, trainings });
    return null;
  }
  const steps = stepsOf(settings, model);
  emit({ type: 'prepared', prepared, steps, trainings });
  const files: TokenFile[] = [];
  const results: ArmResult[] = [];
  try {
    for (const [i, arm] of prepared.arms.entries())
      files.push(await openTokenFile(samplePath(work, i), model.config.vocabulary, arm.sample.tokens));
    const free = [...executors];
    const one = ({ arm, seed }: { readonly arm: number; readonly seed: number }): Observable<ComparisonEvent> =>
      observed(async function* () {
        const { name } = settings.arms[arm];
        const at = { arm: name, seed, steps };
        const own = join(work, `${arm}-seed-${seed}`);
        const done = await readResult(own);
        if (done !== null) {
          results.push(done);
          yield { type: 'result', result: done, ...at };
          return;
        }
        if (stop?.aborted) return;
        await mkdir(own, { recursive: true });
        const executor = free.pop()!;
        const { context, vocabulary } = model;
        const cut = { rows: settings.rows, context, seed, start: vocabulary.start };
        const training = {
          arm,
          seed,
          model: model.initial(seed),
          vocabulary,
          source: sampleSource(files[arm], prepared.arms[arm].sample.starts, cut, name),
          steps,
          learningRate: settings.learningRate,
          trainedBefore: settings.from !== null,
          documents: prepared.documents,
          items: prepared.items,
          folder: own,
          executor,
          stop,
        };
        try {
          for await (const event of trainArm(training, left)) {
            if (event.type === 'result') results.push(event.result);
            yield { ...event, ...at };
          }
        } finally {
          free.push(executor);
        }
      });
    // Seed by seed, so that what is there after a stop is of all arms.
    const todo = Array.from({ length: trainings }, (_, i) => ({
      arm: i % settings.arms.length,
      seed: settings.seed + Math.floor(i / settings.arms.length),
    }));
    await lastValueFrom(from(todo).pipe(mergeMap(one, executors.length), tap(emit)), { defaultValue: undefined });
  } finally {
    for (const file of files) await file.close();
  }
  if (results.length === trainings) return reportOf(settings, model, prepared, results);
  emit({ type: 'stopped', folder, done: results.length, trainings });
  return null;
}

/** Steps of every training. */
export const stepsOf = ({ tokens, rows }: ComparisonSettings, { context }: ComparedModel): number =>
  Math.max(1, Math.ceil(tokens / (rows * context)));
