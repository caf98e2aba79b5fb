import type { Asked, Outcome } from '../../models/generators/asker.ts';
import { seededRandom } from '../../random.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type Column, int32Column, stringAt, utf8Column } from '../../streams/batch/columns.ts';
import { withCreated } from '../../streams/batch/created.ts';
import { positionLabel } from '../../streams/batch/position.ts';
import { dropsFor, rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { judge } from '../drop-stage.ts';
import { type AskAll, asksFor, isGenerated, withDeclared, withWaiting } from '../generate/ask-all.ts';
import { bandOf } from '../generate/band.ts';
import { type GeneratorSettings, generatorName, settingsOf } from '../generate/settings.ts';
import type { StageContext } from '../stage-context.ts';
import { withVerdict } from '../verdicts.ts';
import { isRefusal } from './clean-answer.ts';
import { TASKS, type TaskName } from './tasks/index.ts';
import type { Task, TaskOptions, TaskPrompt } from './tasks/task.ts';

interface SynthesizeSettings extends GeneratorSettings {
  readonly task: TaskName;
  readonly kinds: readonly string[];
  readonly most: number;
  readonly longest: number;
  readonly share: number;
  readonly keepSource: boolean;
  readonly domainSuffix: string;
}

/** The step in a worker. */
export function stage(descriptor: StepDescriptor, { services }: StageContext): Stage {
  const ask = asksFor(descriptor.step, services);
  return { apply: (batch) => synthesized(descriptor, batch, ask) };
}

interface Job {
  readonly row: number;
  readonly prompt: TaskPrompt;
}

type Answered = Job & { readonly outcome: Outcome };

/** The batch with what was made of its documents. */
export async function synthesized(d: StepDescriptor, batch: DocumentBatch, ask: AskAll): Promise<DocumentBatch> {
  const o = settingsOf(d) as SynthesizeSettings;
  const task: Task = TASKS[o.task];
  const inBand = bandOf(batch, d.step, o);
  const scope = rowsInScope(batch, d.where);
  const rows = rowsOf(batch, scope, o).filter(({ row }) => inBand(row));
  const askAll = async (jobs: readonly Job[]): Promise<Answered[]> => {
    const outcomes = await ask(jobs.map((job) => askedOf(batch, job, o)));
    return jobs.map((job, i) => ({ ...job, outcome: outcomes[i] }));
  };
  const first = await askAll(
    rows.flatMap(({ row, options }) => task.first(batch.text(row), options).map((prompt) => ({ row, prompt }))),
  );
  const next = rows.flatMap(({ row, options }) => {
    const own = first.filter((a) => a.row === row);
    if (!task.next || own.length === 0) return [];
    const answers = own.map(({ outcome }) => (outcome.status === 'answered' ? outcome.text : null));
    return task.next(batch.text(row), answers, options).map((prompt) => ({ row, prompt }));
  });
  const all = [...first, ...(await askAll(next))];
  const later = new Map(all.filter((a) => a.outcome.status === 'later').map((a) => [a.row, a.outcome.reason!]));
  const told = batch.withColumns(sourceColumns(scope, all));
  if (later.size > 0) return withWaiting(withDeclared(told, d), later);
  const grown = withDeclared(withCreated(told, createdOf(batch, all, task, o)), d);
  if (dropsFor(d) === null) return grown;
  const part = grown.utf8('synthesize_part');
  const goes = (row: number): boolean => !o.keepSource && Number(grown.number('synthesize_made').values[row]) > 0;
  const judged = Uint8Array.from({ length: grown.rows }, (_, row) =>
    grown.alive[row] === 1 && (stringAt(part, row) !== null || goes(row)) ? 1 : 0,
  );
  return withVerdict(grown, judge(grown, d.step, d.rules, judged));
}

function rowsOf(batch: DocumentBatch, scope: Uint8Array, o: SynthesizeSettings) {
  const ids = batch.utf8('id');
  const { offsets } = batch.utf8('text');
  return [...batch.aliveRows()].flatMap((row) => {
    if (scope[row] === 0 || isGenerated(batch, row) || offsets[row + 1] - offsets[row] > 4 * o.longest) return [];
    const random = seededRandom(o.seed, stringAt(ids, row) ?? '');
    if (random.uniform() >= o.share) return [];
    const options: TaskOptions = { random, most: o.most, kinds: o.kinds };
    return [{ row, options }];
  });
}

function askedOf(batch: DocumentBatch, { row, prompt }: Job, o: SynthesizeSettings): Asked {
  const turns = [
    { role: 'system', content: prompt.system },
    { role: 'user', content: prompt.prompt },
  ] as const;
  const { temperature, topP, seed, maxTokens } = o;
  const messages = turns.filter(({ content }) => content !== '');
  return {
    owner: positionLabel(batch, row),
    request: { messages, schema: prompt.schema, temperature, topP, stop: [], seed, maxTokens },
  };
}

function sourceColumns(scope: Uint8Array, all: readonly Answered[]): [string, Column][] {
  const [made, unasked] = [0, 1].map(() => Float64Array.from(scope, (s) => (s === 1 ? 0 : Number.NaN)));
  for (const { row, outcome } of all) (outcome.status === 'unasked' ? unasked : made)[row]++;
  return [
    ['synthesize_made', int32Column(made)],
    ['synthesize_unasked', int32Column(unasked)],
  ];
}

function createdOf(batch: DocumentBatch, all: readonly Answered[], task: Task, o: SynthesizeSettings) {
  const asked = all.filter((a) => a.outcome.status !== 'unasked');
  const domains = batch.utf8('domain');
  return {
    parent: Int32Array.from(asked, ({ row }) => row),
    columns: new Map<string, Column>([
      ...createdColumns(asked, task, batch),
      ['domain', utf8Column(asked.map((a) => `${stringAt(domains, a.row) ?? ''}${o.domainSuffix}`))],
    ]),
    generator: asked.map(() => generatorName(o)),
    promptHash: asked.map((a) => a.outcome.key),
    cost: Float64Array.from(asked, (a) => a.outcome.cost),
  };
}

function createdColumns(asked: readonly Answered[], task: Task, batch: DocumentBatch): [string, Column][] {
  const read = asked.map(({ row, prompt, outcome }) =>
    outcome.status === 'answered' ? task.read(outcome.text, prompt, batch.text(row)) : null,
  );
  const flag = (of: (a: Answered, i: number) => boolean): Column =>
    int32Column(Float64Array.from(asked, (a, i) => (of(a, i) ? 1 : 0)));
  return [
    ['text', utf8Column(read.map((r) => r?.text ?? ''))],
    ['synthesize_part', utf8Column(asked.map((a) => a.prompt.part))],
    ['synthesize_reason', utf8Column(asked.map((a) => a.outcome.reason))],
    [
      'synthesize_response_at',
      int32Column(Float64Array.from(read, (r) => (r ? Buffer.byteLength(r.text.slice(0, r.responseAt)) : Number.NaN))),
    ],
    ['synthesize_rejected', flag((a) => a.outcome.status === 'rejected')],
    ['synthesize_refused', flag((a) => a.outcome.status === 'refused' || isRefusal(a.outcome.text))],
    ['synthesize_cut', flag((a) => a.outcome.finish === 'length')],
    ['synthesize_malformed', flag((_, i) => read[i] === null || read[i].text === '')],
  ];
}
