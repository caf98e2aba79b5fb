import { dirname, join } from 'node:path';
import type { Subscriber } from 'rxjs';
import { InvariantError } from '../errors.ts';
import { writeWhole } from '../files/whole.ts';
import type { StartRecord } from '../ledger/live/records.ts';
import type { RunJson } from '../ledger/run-json.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { type Counters, conservationError } from '../streams/commits/counters.ts';
import { phaseName, splitPhase } from '../streams/commits/phase.ts';
import { totalsOf } from '../streams/commits/store.ts';
import { collectGarbage } from '../streams/flow/garbage.ts';
import { defer, from, lastValueFrom, mergeMap } from '../streams/flow/rxjs.ts';
import type { Split, SplitPlan } from '../streams/plan/splits.ts';
import { type Phase, phasesOf } from '../streams/split/phases.ts';
import { handOverError, splitError } from './conservation.ts';
import { decideBarrier } from './decide-barrier.ts';
import { checkPublished, joinShards } from './directory/join.ts';
import { barrierPaths, hasDocuments, tablePlaces } from './directory/layout.ts';
import { ANSWERS_FOLDER } from './directory/own-files.ts';
import { runReadmeOf } from './directory/readme.ts';
import { RecordsFile } from './directory/records-file.ts';
import type { RunDirectory } from './directory/run-directory.ts';
import type { RunEvent } from './events.ts';
import { GuardWatch } from './guards/guard-watch.ts';
import { notUsed } from './not-used.ts';
import type { RunOptions } from './options.ts';
import { Progress } from './progress.ts';
import type { EarlierRun } from './recut/earlier-run.ts';
import { sampler, splitRecord } from './samples.ts';
import { recordSpent, tellSpent, watchSpent } from './spent.ts';
import { makeSplitTask } from './split/make-task.ts';
import { openSplitPool, type SplitPool } from './split/split-pool.ts';
import type { TaskResult } from './split/tasks.ts';
import { fitsHere } from './split/this-thread.ts';
import { type Waiting, waitingError } from './split/waiting.ts';

const PLANNED_HEAP_BYTES = 40 * 1024 * 1024;

/** What a process needs to work on a run. */
export interface RunParts {
  readonly recipe: Recipe;
  readonly options: RunOptions;
  readonly plan: SplitPlan;
  readonly directory: RunDirectory;
  /** run.json as it stands. */
  readonly base: RunJson & { readonly shardSize: number };
  /** Names in the folder that a discarded run left, because they are not its own. */
  readonly left: readonly string[];
  /** Aborted: finish the splits in flight, then stop. */
  readonly stop: AbortSignal;
  /** Aborted: stop now. */
  readonly hard: AbortSignal;
  readonly out: Subscriber<RunEvent>;
  /** A finished run whose values this one takes. */
  readonly earlier?: EarlierRun | null;
  readonly before?: StartRecord['before'];
}

/** One process working on one run: phases in order, each split committed as it completes, then shards and run.json. */
export class Run {
  #parts: RunParts;
  #recipe: Recipe;
  #options: RunOptions;
  #plan: SplitPlan;
  #directory: RunDirectory;
  #base: RunParts['base'];
  #stop: AbortSignal;
  #out: Subscriber<RunEvent>;
  #phases: Phase[];
  #guards: GuardWatch;
  #records: RecordsFile | null = null;
  #startedMs = performance.now();

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#recipe = parts.recipe;
    this.#options = parts.options;
    this.#plan = parts.plan;
    this.#directory = parts.directory;
    this.#base = parts.base;
    this.#stop = parts.stop;
    this.#out = parts.out;
    this.#phases = phasesOf(parts.recipe.steps.map((s) => s.descriptor));
    this.#guards = new GuardWatch(parts.recipe, parts.options, parts.directory, parts.plan.splits.length);
  }

  async all(): Promise<void> {
    await this.#directory.makeFolders([
      // The first sink has this folder; a recipe without one has it too.
      ...new Set(['documents', 'ledger', 'quarantine', ...tablePlaces(this.#recipe).map((t) => t.folder)]),
      ...this.#phases.flatMap((p) => (p.before ? [dirname(barrierPaths(p.before.step, 0).spill)] : [])),
    ]);
    const { files, splits, skipped, warnings } = this.#plan;
    const resumedSplits = this.#directory.commits.of(splitPhase(0)).size;
    this.#out.next({
      type: 'planned',
      ...this.#directory.places,
      files: files.length,
      splits: splits.length,
      textBytes: splits.reduce((n, s) => n + s.estimatedTextBytes, 0),
      skipped,
      warnings: [...warnings, ...notUsed(this.#parts.left, this.#options.shardSize, this.#base.shardSize)],
      resumedSplits,
    });
    // Reading a recipe and sniffing thousands of files leaves more garbage than all that a run keeps on this thread.
    if (process.memoryUsage().heapUsed > PLANNED_HEAP_BYTES) collectGarbage();
    const { commits, counted } = this.#directory;
    const records = await RecordsFile.open(this.#directory.path, (line) => this.#out.next({ type: 'recorded', line }));
    this.#records = records;
    const threads = Math.min(this.#options.workers, splits.length);
    const { before } = this.#parts;
    records.append({ record: 'start', format: 1, at: new Date().toISOString(), threads, ...(before && { before }) });
    const samples = sampler(records);
    const progress = new Progress(this.#plan, this.#phases, { commits, counted }, this.#options.samplePercent, (e) => {
      samples.take(e);
      this.#out.next(e);
    });
    const answers = join(this.#directory.path, ANSWERS_FOLDER);
    const work = { splits: splits.length, here: fitsHere(this.#plan, this.#recipe) };
    const pool = await openSplitPool(this.#recipe, answers, this.#options, work, this.#parts.hard, {
      progress: (p) => progress.inFlight(p),
      begun: (p) => progress.begun(p),
      filter: (step, status) => this.#out.next({ type: 'filter', step, ended: false, status }),
      retry: (retry) => this.#out.next({ type: 'retried', ...retry }),
    });
    const unwatch = watchSpent(pool, records);
    try {
      for (const phase of this.#phases) {
        if (phase.after) {
          const splits = this.#splitsOf(1).map((s) => s.index);
          const { memory } = this.#options;
          const taken = this.#parts.earlier && { earlier: this.#parts.earlier, now: this.#base };
          const seconds = await decideBarrier(phase, splits, this.#directory, pool, memory, taken);
          if (seconds !== null) records.append({ record: 'decide', step: phase.after.step, seconds });
        }
        records.append({ record: 'phase', phase: phase.number });
        await this.#runPhase(phase, pool, progress);
        await this.#heedGuards();
        if (this.#stop.aborted) {
          progress.end();
          samples.end();
          await recordSpent(pool, records, unwatch);
          records.append({ record: 'end', how: 'stopped' });
          await tellSpent(pool, this.#out);
          return await this.#stopped();
        }
      }
      progress.end();
      const totals = this.#totals();
      this.#guards.end(totals);
      await this.#heedGuards();
      samples.end();
      await recordSpent(pool, records, unwatch);
      records.append({ record: 'end', how: 'done' });
      const seconds = await joinShards(this.#directory, this.#recipe, totals, this.#base.shardSize, pool);
      records.append({ record: 'join', seconds });
      checkPublished(this.#directory.commits.all, this.#recipe, totals, this.#directory.path);
      await tellSpent(pool, this.#out);
      await this.#finish(totals);
    } catch (error) {
      progress.end();
      await recordSpent(pool, records, unwatch);
      records.appendLater({ record: 'end', how: this.#guards.tripped === error ? 'guard' : 'failed' });
      await tellSpent(pool, this.#out);
      throw error;
    } finally {
      progress.end();
      records.close();
      await pool.close();
    }
  }

  /**
   * `read(split).pipe(...steps, segment(split))` for every split that is not committed; its completion is the commit.
   */
  async #runPhase(phase: Phase, pool: SplitPool, progress: Progress): Promise<void> {
    const own = splitPhase(phase.number);
    const splits = this.#splitsOf(phase.number);
    const todo = splits.filter((s) => !this.#directory.commits.has(own, s.index));
    this.#guards.beginPhase(
      phase.number,
      splits.map((s) => s.index),
    );
    const limited = phase.number === 0 && this.#options.limit !== null;
    let left = limited ? this.#remaining() : null;
    const waiting: Waiting[] = [];
    const one = (split: Split) =>
      defer(async () => {
        if (this.#stop.aborted || this.#guards.tripped) return;
        if (left === 0) return;
        const result = await pool.split(
          makeSplitTask(this.#directory.path, this.#recipe, this.#plan, phase, split, this.#parts.earlier),
          left,
        );
        if (this.#parts.hard.aborted) return;
        if (result.waiting) {
          waiting.push(result.waiting);
          return;
        }
        this.#records?.append(splitRecord(phase, split, result));
        progress.recorded(split.index);
        await this.#commit(phase, split, result);
        if (left !== null) left = Math.max(0, left - result.counters!.read.documents);
        this.#guards.committed();
        progress.committed(split.index, phase.number, result.counters!);
      });
    const atOnce = limited ? 1 : this.#options.workers;
    const work = from(todo).pipe(mergeMap(one, atOnce));
    await lastValueFrom(work, { defaultValue: undefined });
    if (waiting.length > 0) throw waitingError(waiting, this.#directory.path);
  }

  /** With a limit, later phases know only the splits that were read. */
  #splitsOf(phase: number): readonly Split[] {
    const read = this.#directory.commits.of(splitPhase(0));
    return phase === 0 ? this.#plan.splits : this.#plan.splits.filter((s) => read.has(s.index));
  }

  async #commit(phase: Phase, split: Split, result: TaskResult): Promise<void> {
    const own = splitPhase(phase.number);
    const lost = splitError(result, this.#directory.commits.get(splitPhase(phase.number - 1), split.index), {
      last: phase.before === null,
      documents: hasDocuments(this.#recipe),
    });
    if (lost)
      throw new InvariantError({
        expected: 'every document and every byte of text accounted for',
        got: lost,
        where: `split ${split.index} of ${phaseName(own)}`,
        fix: 'Please report this with the recipe.',
      });
    // What the barrier before this phase kept of the split has done its work.
    const replaces = phase.after ? Object.values(barrierPaths(phase.after.step, split.index)) : [];
    await this.#directory.commit({
      phase: own,
      split: split.index,
      files: result.files,
      replaces,
      counters: result.counters,
    });
    await this.#directory.remove(replaces);
    this.#out.next({
      type: 'commit',
      phase: phaseName(own),
      split: split.index,
      documents: result.counters?.kept.documents ?? 0,
    });
  }

  /** A tripped guard ends the run once the splits in work are committed. */
  async #heedGuards(): Promise<void> {
    const { tripped, record } = this.#guards;
    if (tripped === null) return;
    await this.#directory.writeRunJson({ ...this.#base, seconds: this.#seconds(), guards: record });
    throw tripped;
  }

  #remaining(): number {
    let read = 0;
    for (const c of this.#directory.commits.of(splitPhase(0)).values()) read += c.counted?.read.documents ?? 0;
    return Math.max(0, (this.#options.limit ?? 0) - read);
  }

  #totals(): Counters {
    const totals = totalsOf(this.#directory.commits);
    const lost = conservationError(totals) ?? handOverError(totals.passed, totals.received);
    const where = this.#directory.path;
    if (lost) throw new InvariantError({ expected: 'read = kept + dropped + quarantined', got: lost, where });
    return totals;
  }

  #seconds(): number {
    return Math.round(this.#base.seconds * 1000 + performance.now() - this.#startedMs) / 1000;
  }

  async #stopped(): Promise<void> {
    await this.#directory.writeRunJson({ ...this.#base, seconds: this.#seconds(), guards: this.#guards.record });
    const splitsDone = this.#directory.commits.of(splitPhase(this.#phases.length - 1)).size;
    this.#out.next({ type: 'stopped', ...this.#directory.places, splitsDone, splits: this.#plan.splits.length });
  }

  async #finish(totals: Counters): Promise<void> {
    const result: RunJson = {
      ...this.#base,
      status: 'done',
      totals,
      guards: this.#guards.record,
      seconds: this.#seconds(),
      finishedAt: new Date().toISOString(),
    };
    await writeWhole(
      join(this.#directory.path, 'README.md'),
      runReadmeOf(this.#recipe, this.#directory.commits.all, result),
    );
    await this.#directory.writeRunJson(result);
    await this.#directory.clearWork();
    this.#out.next({ type: 'finished', ...this.#directory.places, already: false, result });
  }
}
