import { ConfigError } from '../../errors.ts';
import { type NgramHits, openNgramKernel } from '../../kernels/ngrams.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type Column, float64Column, int32Column, type Utf8Column, utf8Column } from '../../streams/batch/columns.ts';
import { dropsFor, rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { judge } from '../drop-stage.ts';
import { withCuts } from '../rewrite/apply-cuts.ts';
import { cutsOfRow } from '../rewrite/cut-spans.ts';
import { addedBy, type TextCut } from '../rewrite/line-rewrite.ts';
import { withVerdict } from '../verdicts.ts';
import { type BenchmarkFile, readBenchmark } from './benchmark-files.ts';
import { type BenchmarkIndex, buildIndex } from './benchmark-index.ts';
import type { BenchmarkFields } from './items.ts';
import { type Match, matchesOf } from './match.ts';
import type { DecontaminateOptions } from './options.ts';

/** Name of the cuts of the action `cut`. */
const CUT_RULE = 'decontam';

/** The stage behind `decontaminate()`: reads the benchmarks and builds the index, once a worker. */
export async function stage(descriptor: StepDescriptor): Promise<Stage> {
  const options = descriptor.options as unknown as DecontaminateOptions & {
    readonly files: readonly BenchmarkFile[];
    readonly fields: BenchmarkFields;
  };
  if (options.files.length === 0) throw noBenchmarks(descriptor.step);
  const items = (await Promise.all(options.files.map((f) => readBenchmark(f, options.fields)))).flat();
  const kernel = await openNgramKernel(options.ngram);
  const index = buildIndex(items, kernel, await openNgramKernel(1), options.ngram, options.minWords);
  return {
    apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const text = batch.utf8('text');
      const hits = kernel.hits(text.values, text.offsets, batch.rows, scope);
      const found = Array.from(scope, (_, row) => contamination(index, hits, row, options));
      const added = columnsOf(batch, index, found, scope);
      if (options.action === 'cut') {
        const cuts = found.map((f, row) => (f ? cutsFor(text, row, f.matches) : []));
        return withCuts(batch, cuts, [CUT_RULE], added);
      }
      const tagged = batch.withColumns(added);
      return dropsFor(descriptor) === null
        ? tagged
        : withVerdict(tagged, judge(tagged, descriptor.step, descriptor.rules, scope));
    },
  };
}

export const noBenchmarks = (step: string): ConfigError =>
  new ConfigError({
    expected: 'benchmarks to look for',
    got: 'none',
    where: `step ${step}`,
    fix:
      `Give the files with --set ${step}.benchmarks='path/*.jsonl' (several, with commas between), or ` +
      'benchmarks: [...] in the recipe.',
  });

interface Contamination {
  /** The match that the ledger shows. */
  readonly best: Match;
  /** Those that reach a threshold. */
  readonly matches: readonly Match[];
}

/** Matches below this are chance; they leave no trace. */
const LEAST_SCORE = 0.2;

function contamination(
  index: BenchmarkIndex,
  hits: NgramHits,
  row: number,
  { threshold, minRun, fullWords, runBytes }: DecontaminateOptions,
): Contamination | null {
  const [from, to] = [hits.offsets[row], hits.offsets[row + 1]];
  if (from === to) return null;
  const all = matchesOf(index, hits, from, to, { fullWords, runBytes });
  const matches = all.filter((m) => m.score >= threshold || m.run >= minRun);
  const best = matches[0] ?? all[0];
  return matches.length > 0 || best.score >= LEAST_SCORE ? { best, matches } : null;
}

function columnsOf(
  batch: DocumentBatch,
  index: BenchmarkIndex,
  found: readonly (Contamination | null)[],
  scope: Uint8Array,
): [string, Column][] {
  const texts = (of: (m: Match) => string): Column => utf8Column(found.map((f) => (f ? of(f.best) : null)));
  const numbers = (of: (m: Match, row: number) => number): Float64Array =>
    Float64Array.from(found, (f, row) => (f ? of(f.best, row) : Number.NaN));
  const reached = Float64Array.from(scope, (inScope, row) =>
    inScope === 0 ? Number.NaN : found[row] !== null && found[row].matches.length > 0 ? 1 : 0,
  );
  return [
    ['decontam_found', int32Column(reached)],
    ['decontam_benchmark', texts((m) => index.parts[m.part].benchmark)],
    ['decontam_item', texts((m) => index.parts[m.part].item)],
    ['decontam_part', texts((m) => index.parts[m.part].part)],
    ['decontam_score', float64Column(numbers((m) => m.score))],
    ['decontam_run', int32Column(numbers((m) => m.run))],
    ['decontam_start', int32Column(numbers((m, row) => originalPlace(batch, row, m.start, false)))],
    ['decontam_end', int32Column(numbers((m, row) => originalPlace(batch, row, m.end, true)))],
  ];
}

/** A place in the text as it is now as a place in the text as it was read. */
function originalPlace(batch: DocumentBatch, row: number, place: number, isEnd: boolean): number {
  let now = 0;
  let at = 0;
  for (const cut of cutsOfRow(batch.cuts, row)) {
    const pieceEnd = now + cut.start - at;
    if (place < pieceEnd || (isEnd && place === pieceEnd)) break;
    now = pieceEnd + addedBy(cut);
    at = cut.end;
  }
  return at + place - now;
}

/** Stretches as cuts: to the end of the word with its marks, joined where they overlap. */
function cutsFor({ values, offsets }: Utf8Column, row: number, matches: readonly Match[]): TextCut[] {
  const [from, to] = [offsets[row], offsets[row + 1]];
  const cuts: { start: number; end: number; rule: string }[] = [];
  for (const m of [...matches].sort((a, b) => a.start - b.start)) {
    let end = from + m.end;
    while (end < to && values[end] > 0x20) end++;
    const last = cuts[cuts.length - 1];
    if (last && m.start <= last.end) last.end = Math.max(last.end, end - from);
    else cuts.push({ start: m.start, end: end - from, rule: CUT_RULE });
  }
  return cuts;
}
