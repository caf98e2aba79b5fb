import { type Kernel, loadKernel } from '../../kernels/kernel.ts';
import { liveStage } from '../../operators/live-stage.ts';
import { makeBarrier, makeStage } from '../../operators/stages.ts';
import { annotationColumns, type Recipe } from '../../recipe/recipe.ts';
import { carriedOver } from '../../run/split/carry.ts';
import { firstRows } from '../../run/split/source.ts';
import { documentColumns } from '../../sinks/documents.ts';
import { ledgerRows } from '../../sinks/ledger.ts';
import type { SegmentWriter } from '../../sinks/segment.ts';
import { ledgerSink, openSegmentWriter } from '../../sinks/writers.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { nullColumn } from '../../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../../streams/batch/outcome.ts';
import { addSeen, estimateBlind } from '../../streams/commits/blind.ts';
import { type Counters, emptyCounters, mergeCounters } from '../../streams/commits/counters.ts';
import {
  countFailed,
  countOutcome,
  countQuarantined,
  countRead,
  originalBytes,
} from '../../streams/commits/counting.ts';
import { BATCH_ROWS } from '../../streams/formats/batch-builder.ts';
import type { Seen } from '../../streams/formats/loss.ts';
import { readSplit } from '../../streams/formats/read-split.ts';
import {
  dropsFor,
  isBarrier,
  removesCopies,
  rewritesText,
  type Stage,
  type StepDescriptor,
} from '../../streams/operator.ts';
import type { Split, SplitPlan } from '../../streams/plan/splits.ts';
import { MAX_FAILED, setAside } from '../../streams/split/isolate.ts';
import { type NamedStage, runSplit, type SplitSink } from '../../streams/split/run-split.ts';
import { countingFileSystem } from './counting-file-system.ts';
import { type Expectation, expectationOf, type Tried } from './expectation.ts';
import { measuresOf, Spans } from './probe-measures.ts';
import { type ModelProbe, type ModelRefusal, type ModelTrial, modelProbe } from './probe-models.ts';
import { type Pace, paceMeter } from './probe-pace.ts';
import { type Place, placesOf, wholeInput } from './probe-places.ts';

/**
 * What a short try measured, on one thread. Of deduplication only what it looks at in each document is tried: to decide
 * it has to see everything.
 */
export interface Probe {
  readonly seconds: number;
  /** Of what was tried. */
  readonly documents: number;
  readonly textBytes: number;
  /** Stretches of the input that were tried, and files they lie in. */
  readonly places: number;
  readonly files: number;
  /** Text per second of one thread: reading alone, and all the rest but models. */
  readonly bytesPerSecond: Pace;
  /** Processor seconds per second of it: more than 1, since V8 compiles and collects garbage beside the thread. */
  readonly coresPerThread: number;
  /** Steps with a language model. */
  readonly models: readonly (ModelTrial | ModelRefusal)[];
  readonly expected: Expectation;
  readonly quarantined: Readonly<Record<string, number>>;
  /** Bytes that the sinks made of a byte of kept documents, before cuts, and the ledger of a document. */
  readonly outputPerKeptByte: number;
  readonly ledgerPerDocument: number;
  /** False when there was no time for all of the first documents that were asked for. */
  readonly reached: boolean;
}

const LIMIT_MS = 3000;
const LIMIT_PLACES = 48;
/** Small, so that there are several of a place, whose differences say how sure the numbers are. */
const BATCH_BYTES = 128 * 1024;

const withoutScores = ({ writes }: StepDescriptor, b: DocumentBatch): DocumentBatch =>
  b.withColumns(writes.map(({ name, type }) => [name, nullColumn(type, b.rows)]));

/**
 * Reads, annotates, judges and encodes up to 48 stretches from all over the input, for about 3 seconds in all; what the
 * sinks write is counted and let go. Every stretch counts as much as it stands for.
 * @param first so many documents from the beginning on are tried instead, and models only where there was time for all
 *   of them
 */
export async function probe(
  recipe: Recipe,
  plan: SplitPlan,
  { first = null, limitMs = LIMIT_MS }: { readonly first?: number | null; readonly limitMs?: number } = {},
): Promise<Probe> {
  const kernel = await loadKernel();
  const annotations = annotationColumns(recipe.steps.map((s) => s.descriptor));
  const rewritten = recipe.steps.some((s) => rewritesText(s.descriptor));
  const models: ModelProbe[] = [];
  const stages = await stagesOf(recipe, kernel, models);
  const written = new Map<string, number>();
  const place = (path: string) => ({ runDirectory: '', path, fileSystem: countingFileSystem(written) });
  const documents = await Promise.all(recipe.sinks.map((s) => openSegmentWriter(s, place(s.name))));
  const ledger = await openSegmentWriter(ledgerSink, place('ledger'));
  const measures = measuresOf(plan, recipe.read);
  const start = performance.now();
  const cpu = process.cpuUsage();
  const places =
    first === null ? inSpreadOrder(await placesOf(plan, LIMIT_PLACES, measures.ratio)) : [wholeInput(plan)];
  let left = first ?? Number.POSITIVE_INFINITY;
  const pace = paceMeter();
  const tried: Visit[] = [];
  /** What was read well, for the estimates of what is lost. */
  const known = emptyCounters();
  let reached = true;
  let open = places.reduce((n, p) => n + Math.sqrt(p.bytes), 0);
  for (const p of places) {
    const time = limitMs - (performance.now() - start);
    if (time <= -limitMs / 2 && tried.length > 0) break;
    // More of large ones, but not as much more as they are larger: small ones often are domains of their own.
    const wanted = (pace.bytesPerSecond() * Math.max(0, time) * Math.sqrt(p.bytes)) / (1000 * open);
    open -= Math.sqrt(p.bytes);
    const batches: Counters[] = [emptyCounters()];
    let progress = 0;
    let ended = true;
    let bytes = 0;
    const spans = new Spans();
    const split: Split = { index: 0, ranges: p.ranges, estimatedTextBytes: p.bytes };
    const counters = (): Counters => batches[batches.length - 1];
    const given = {
      kernel,
      batchBytes: BATCH_BYTES,
      onSeen: (s: Seen): void => addSeen(known, s),
      onProgress: (n: number): void => {
        progress += n;
      },
    };
    /** A batch is read when the one before it has been written: then it is known whether there is time for it. */
    const read = async function* (told: (r: QuarantinedRecord) => void): AsyncGenerator<DocumentBatch> {
      const onQuarantine = (r: QuarantinedRecord): void => {
        if (left-- > 0) told(r);
      };
      for await (const whole of readSplit(split, plan, recipe.read, { ...given, onQuarantine })) {
        if (left <= 0) return;
        const some = firstRows(whole, left);
        left -= some.rows;
        yield some;
        const enough = first === null ? p.ranges.length === 1 && bytes >= wanted : performance.now() - start > limitMs;
        if (left > 0 && enough && isFull(some)) {
          ended = false;
          return;
        }
        if (left <= 0) return;
        batches.push(emptyCounters());
      }
    };
    const sink: SplitSink = {
      read(batch) {
        pace.read();
        countRead(counters(), batch, 'input');
        spans.add(batch);
      },
      quarantine: (record) => countQuarantined(counters(), record),
      setAside(batch, failed) {
        const size = originalBytes(batch);
        for (const f of failed) countFailed(counters(), setAside(batch, f, size[f.row]));
      },
      async write(batch) {
        countOutcome(counters(), batch, true, annotations);
        await ledger.write(ledgerRows(batch, annotations));
        const kept = documentColumns(batch, annotations, rewritten);
        for (const w of documents) await w.write(kept);
        bytes += counters().read.bytes;
        pace.done(counters().read.bytes);
      },
    };
    pace.begin();
    await runSplit({ name: 'the probe', read, stages: () => stages, sink, maxFailed: MAX_FAILED });
    reached = first === null || ended;
    const share = ended || first !== null ? 1 : await measures.share(p, spans, progress);
    tried.push({ place: p, read: share, batches: batches.filter((c) => c.read.documents > 0) });
  }
  for (const w of [...documents, ledger] as SegmentWriter[]) await w.finish();
  const end = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  const trials: Probe['models'][number][] = [];
  if (reached) for (const m of models) trials.push(await m.run());
  const sum = tried.flatMap((t) => t.batches).reduce((a, c) => mergeCounters(a, structuredClone(c)), emptyCounters());
  for (const c of [sum, ...tried.flatMap((t) => t.batches)]) estimateBlind(c, known.seen);
  const bytesOf = (test: (path: string) => boolean): number =>
    [...written].filter(([path]) => test(path)).reduce((n, [, b]) => n + b, 0);
  return {
    seconds: (end - start) / 1000,
    documents: sum.read.documents,
    textBytes: sum.read.bytes,
    places: tried.length,
    files: new Set(tried.flatMap((t) => t.place.ranges.map((r) => r.file))).size,
    bytesPerSecond: pace.parts(),
    coresPerThread: (user + system) / 1000 / (end - start),
    models: trials,
    expected: expectationOf(...weighted(tried, places)),
    quarantined: sum.quarantined.byReason,
    outputPerKeptByte: bytesOf((p) => !p.startsWith('ledger')) / Math.max(1, sum.kept.bytes),
    ledgerPerDocument: bytesOf((p) => p.startsWith('ledger')) / Math.max(1, sum.read.documents),
    reached,
  };
}

/** A batch that is not is the last. */
const isFull = (b: DocumentBatch): boolean =>
  b.rows >= BATCH_ROWS || b.utf8('text').values.length + b.utf8('metadata').values.length >= BATCH_BYTES;

/** @param models one for each step with a language model is added */
async function stagesOf(recipe: Recipe, kernel: Kernel, models: ModelProbe[]): Promise<NamedStage[]> {
  return Promise.all(
    recipe.steps
      .filter(({ descriptor: d }) => !isBarrier(d) || removesCopies(d))
      .map(async (s): Promise<NamedStage> => {
        const { step } = s.descriptor;
        if (isBarrier(s.descriptor)) return { step, stage: await lookingStage(s.descriptor, kernel) };
        if (s.descriptor.models) {
          // It would take all of the probe's seconds for its first batch: tried afterwards, on a few documents.
          const model = modelProbe(s.descriptor);
          models.push(model);
          const apply = async (b: DocumentBatch): Promise<DocumentBatch> => {
            await model.take(b);
            return withoutScores(s.descriptor, b);
          };
          return { step, stage: { apply } };
        }
        if (dropsFor(s.descriptor) === 'predicate') return { step, stage: liveStage(s) };
        return { step, stage: await makeStage(s.descriptor, kernel) };
      }),
  );
}

/** What a deduplication does with each document before it decides; all go on. */
async function lookingStage(descriptor: StepDescriptor, kernel: Kernel): Promise<Stage> {
  const barrier = await makeBarrier(descriptor, kernel);
  return {
    apply(batch) {
      if (batch.aliveRows().length === 0) return batch;
      const alive = carriedOver(batch);
      barrier.keys(alive, { start: new Float64Array(alive.rows), bytes: new Int32Array(alive.rows) });
      return batch;
    },
  };
}

interface Visit {
  readonly place: Place;
  readonly read: number;
  readonly batches: readonly Counters[];
}

/**
 * What was tried with its weights. Where time was over before all places were, those tried stand for the others too: of
 * the same file if there are any, else all of them. Also returns the share of the drawn stretches that was tried.
 */
function weighted(tried: readonly Visit[], places: readonly Place[]): [Tried[], number] {
  const stands = (list: readonly Place[]): number => list.reduce((n, p) => n + p.standsFor, 0);
  const fileOf = (p: Place): number => p.ranges[0].file;
  const met = new Set(tried.map((t) => t.place));
  const metFiles = new Set([...met].map(fileOf));
  const files = new Map<number, { all: number; met: number }>();
  for (const p of places) {
    const file = files.get(fileOf(p)) ?? { all: 0, met: 0 };
    file.all += p.standsFor;
    if (met.has(p)) file.met += p.standsFor;
    files.set(fileOf(p), file);
  }
  const strange = stands(places.filter((p) => !metFiles.has(fileOf(p))));
  const everywhere = stands(places) / (stands(places) - strange);
  const all = tried.map(({ place: p, read, batches }) => {
    const file = files.get(fileOf(p))!;
    const more = (everywhere * file.all) / file.met;
    const weight = (more * p.standsFor) / (p.bytes * read);
    return {
      file: fileOf(p),
      weight,
      read: (read * file.met) / file.all,
      drawn: p.drawn || strange > 0,
      batches,
      more,
      p,
    };
  });
  const drawn = all.filter((t) => t.drawn);
  const of = drawn.reduce((n, t) => n + t.more * t.p.standsFor, 0);
  return [all, of === 0 ? 1 : Math.min(1, drawn.reduce((n, t) => n + t.p.bytes, 0) / of)];
}

/** Far apart ones first, so that those tried before time is over are from everywhere. */
function inSpreadOrder(places: readonly Place[]): Place[] {
  const golden = (Math.sqrt(5) - 1) / 2;
  return places
    .map((p, i) => [p, (i * golden) % 1] as const)
    .sort((a, b) => a[1] - b[1])
    .map(([p]) => p);
}
