import type { Asked, Outcome } from '../../../models/generators/asker.ts';
import type { DocumentBatch } from '../../../streams/batch/batch.ts';
import { float64Column, int32Column, utf8Column } from '../../../streams/batch/columns.ts';
import { positionLabel } from '../../../streams/batch/position.ts';
import { dropsFor, rowsInScope, type Stage, type StepDescriptor } from '../../../streams/operator.ts';
import { filled } from '../../create/styles.ts';
import { judge } from '../../drop-stage.ts';
import { type AskAll, asksFor, withWaiting } from '../../generate/ask-all.ts';
import { bandOf } from '../../generate/band.ts';
import { type GeneratorSettings, settingsOf } from '../../generate/settings.ts';
import type { StageContext } from '../../stage-context.ts';
import { withVerdict } from '../../verdicts.ts';
import { withCuts } from '../apply-cuts.ts';
import { cutsInBytes } from '../cut-spans.ts';
import { CUT_RULES, execute, MOST_ERRORS, type Refined } from './execute.ts';
import { headOf, type LineChunk, lineChunks } from './line-chunks.ts';
import { type LineModel, lineModelProgram, loadLineModel } from './line-model.ts';
import { parseProgram, saysDrop } from './program.ts';
import { CHUNK_PROMPT, DOCUMENT_PROMPT, TRAINED_PROMPT } from './prompts.ts';
import { repeatedLines, ruleDocumentProgram, ruleProgram } from './rule-writer.ts';

interface RefineSettings extends GeneratorSettings {
  readonly writer: 'rules' | 'lines' | 'model';
  readonly prompt: 'instruct' | 'trained';
  readonly judgeDocuments: boolean;
  readonly documentTokens: number;
  readonly chunkTokens: number;
  readonly minKeptShare: number;
  readonly minWords: number;
}

/** Longest answer to the question whether a document stays. */
const DOCUMENT_ANSWER = 256;

/** The step in a worker. */
export function stage(descriptor: StepDescriptor, { services }: StageContext): Stage {
  const ask = asksFor(descriptor.step, services);
  return { apply: (batch) => refined(descriptor, batch, ask) };
}

/** Programs of one document, or why there are none. */
interface Written {
  readonly document: string | null;
  readonly chunks: readonly string[];
  readonly cost: number;
  readonly unasked: boolean;
  readonly later: string | null;
}

/** The batch with its documents refined by the programs that are written for them. */
export async function refined(d: StepDescriptor, batch: DocumentBatch, ask: AskAll): Promise<DocumentBatch> {
  const o = settingsOf(d) as RefineSettings;
  const scope = rowsInScope(batch, d.where);
  const inBand = bandOf(batch, d.step, o);
  const rows = [...batch.aliveRows()].filter((row) => scope[row] === 1 && inBand(row));
  const written = new Map<number, Written>();
  const texts = new Map(rows.map((row) => [row, batch.text(row)]));
  if (o.writer === 'model') for (const [row, w] of await byModel(batch, texts, o, ask)) written.set(row, w);
  else for (const [row, text] of texts) written.set(row, here(text, o));
  const later = new Map<number, string>();
  for (const [row, w] of written) if (w.later !== null) later.set(row, w.later);
  const least = { leastShare: o.minKeptShare, leastWords: o.minWords };
  const results = new Map<number, Refined>();
  for (const [row, w] of written)
    if (w.later === null && !w.unasked && w.chunks.length > 0)
      results.set(row, execute(texts.get(row)!, w.chunks.map(parseProgram), least));
  const { offsets } = batch.utf8('text');
  const drops = dropsFor(d) !== null;
  const cuts = Array.from({ length: batch.rows }, (_, row) => {
    const result = results.get(row);
    return result ? cutsInBytes(texts.get(row)!, offsets[row + 1] - offsets[row], result.cuts) : [];
  });
  const changed = withCuts(batch, cuts, CUT_RULES, columnsOf(batch.rows, written, results));
  const after = drops ? withVerdict(changed, judge(changed, d.step, d.rules, scope)) : changed;
  return withWaiting(after, later);
}

let lineModel: LineModel | null = null;

/** Programs that are written in this thread: by rules, or lines by the classifier. */
function here(text: string, o: RefineSettings): Written {
  const document = o.judgeDocuments ? ruleDocumentProgram(headOf(text, o.documentTokens)) : null;
  const dropped = document !== null && saysDrop(document);
  const chunks = dropped ? [] : lineChunks(text, o.chunkTokens);
  const write = o.writer === 'rules' ? ruleWriter(text) : lineWriter(text);
  return { document, chunks: chunks.map(write), cost: 0, unasked: false, later: null };
}

function ruleWriter(text: string): (chunk: LineChunk) => string {
  const repeated = repeatedLines(text);
  return (chunk) => ruleProgram(chunk, repeated);
}

function lineWriter(text: string): (chunk: LineChunk) => string {
  lineModel ??= loadLineModel();
  const model = lineModel;
  const lines = text.split('\n');
  return (chunk) => lineModelProgram(model, chunk, lines);
}

/** Documents that are to go are asked for no more. */
async function byModel(
  batch: DocumentBatch,
  texts: ReadonlyMap<number, string>,
  o: RefineSettings,
  ask: AskAll,
): Promise<Map<number, Written>> {
  const rows = [...texts.keys()];
  const askedOf = (row: number, which: 'document' | 'chunk', text: string): Asked => {
    const template = o.prompt === 'trained' ? TRAINED_PROMPT : which === 'chunk' ? CHUNK_PROMPT : DOCUMENT_PROMPT;
    const { system, prompt } = template;
    const turns = [
      { role: 'system', content: system },
      { role: 'user', content: filled(prompt, text) },
    ] as const;
    const maxTokens = which === 'chunk' ? o.maxTokens : Math.min(o.maxTokens, DOCUMENT_ANSWER);
    const { temperature, topP, seed } = o;
    return {
      owner: positionLabel(batch, row),
      request: {
        messages: turns.filter((t) => t.content !== ''),
        schema: null,
        temperature,
        topP,
        stop: [],
        seed,
        maxTokens,
      },
    };
  };
  const judged = o.judgeDocuments
    ? await ask(rows.map((row) => askedOf(row, 'document', headOf(texts.get(row)!, o.documentTokens))))
    : rows.map(() => null);
  const jobs = rows.flatMap((row, i) => {
    const said = judged[i];
    if (said !== null && (said.status !== 'answered' || saysDrop(said.text))) return [];
    return lineChunks(texts.get(row)!, o.chunkTokens).map((chunk) => ({ row, chunk }));
  });
  const answers = await ask(jobs.map(({ row, chunk }) => askedOf(row, 'chunk', chunk.numbered)));
  const byRow = new Map<number, Outcome[]>();
  for (const [i, { row }] of jobs.entries()) byRow.set(row, [...(byRow.get(row) ?? []), answers[i]]);
  return new Map(rows.map((row, i) => [row, writtenOf(judged[i], byRow.get(row) ?? [])]));
}

function writtenOf(document: Outcome | null, chunks: readonly Outcome[]): Written {
  const all = document ? [document, ...chunks] : chunks;
  return {
    document: document && programOf(document),
    // A refusal is no program: it counts as one that is malformed.
    chunks: chunks.map(programOf),
    cost: all.reduce((n, a) => n + a.cost, 0),
    unasked: all.some((a) => a.status === 'unasked'),
    later: all.find((a) => a.status === 'later')?.reason ?? null,
  };
}

const programOf = ({ status, text, reason }: Outcome): string =>
  status === 'answered' ? text : `${status}(${JSON.stringify(reason ?? '')})`;

function columnsOf(rows: number, written: ReadonlyMap<number, Written>, results: ReadonlyMap<number, Refined>) {
  const of = (value: (w: Written, r: Refined | undefined) => number | null): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => {
      const w = written.get(row);
      return (w ? value(w, results.get(row)) : null) ?? Number.NaN;
    });
  const programs = Array.from({ length: rows }, (_, row) => {
    const w = written.get(row);
    return w ? [w.document, ...w.chunks].filter((p) => p !== null).join('\n') : null;
  });
  return [
    ['refine_program', utf8Column(programs)],
    ['refine_drop_doc', int32Column(of((w) => (w.document === null ? null : saysDrop(w.document) ? 1 : 0)))],
    ['refine_kept_share', float64Column(of((_, r) => (r && r.errors < MOST_ERRORS ? r.keptShare : null)))],
    ['refine_words', int32Column(of((_, r) => r?.words ?? null))],
    ['refine_errors', int32Column(of((_, r) => r?.errors ?? null))],
    ['refine_unused', int32Column(of((_, r) => r?.unused ?? null))],
    ['refine_unasked', int32Column(of((w) => (w.unasked ? 1 : 0)))],
    ['refine_cost', float64Column(of((w) => w.cost))],
  ] as const;
}
