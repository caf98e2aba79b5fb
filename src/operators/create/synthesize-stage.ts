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
import type { NoText, Task, TaskOptions, TaskPrompt, TaskText, Told } from './tasks/task.ts';

interface SynthesizeSettings extends GeneratorSettings, Omit<TaskOptions, 'random'> {
  readonly task: TaskName;
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

/** What became of an answer. */
type Made = Answered & { readonly made: TaskText | NoText };

/** Rounds that a task has at most. */
const ROUNDS = 6;

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
  let all = await askAll(
    rows.flatMap(({ row, options }) => task.first(batch.text(row), options).map((prompt) => ({ row, prompt }))),
  );
  for (let round = 1; task.next && round < ROUNDS; round++) {
    const next = rows.flatMap(({ row, options }) => {
      const own = all.filter((a) => a.row === row);
      // A document whose budget is spent, or which waits for another start, is asked nothing more.
      if (own.length === 0 || own.some(({ outcome }) => !ANSWERED.has(outcome.status))) return [];
      return task.next!(batch.text(row), own.map(toldOf), options).map((prompt) => ({ row, prompt }));
    });
    if (next.length === 0) break;
    all = [...all, ...(await askAll(next))];
  }
  const later = new Map(all.filter((a) => a.outcome.status === 'later').map((a) => [a.row, a.outcome.reason!]));
  const made = rows.flatMap(({ row, options }) => {
    const own = all.filter((a) => a.row === row && a.outcome.status !== 'unasked');
    const read = own.length === 0 ? [] : task.read(batch.text(row), own.map(toldOf), options);
    return own.map((a, i): Made => ({ ...a, made: read[i] }));
  });
  const unasked = all.filter(({ outcome }) => outcome.status === 'unasked');
  const told = batch.withColumns(sourceColumns(scope, made, unasked));
  if (later.size > 0) return withWaiting(withDeclared(told, d), later);
  const grown = withDeclared(withCreated(told, createdOf(batch, made, o)), d);
  if (dropsFor(d) === null) return grown;
  const part = grown.utf8('synthesize_part');
  const goes = (row: number): boolean => !o.keepSource && Number(grown.number('synthesize_made').values[row]) > 0;
  const judged = Uint8Array.from({ length: grown.rows }, (_, row) =>
    grown.alive[row] === 1 && (stringAt(part, row) !== null || goes(row)) ? 1 : 0,
  );
  return withVerdict(grown, judge(grown, d.step, d.rules, judged));
}

/** Outcomes after which a document may be asked more. */
const ANSWERED: ReadonlySet<Outcome['status']> = new Set(['answered', 'refused', 'rejected']);

const toldOf = ({ prompt, outcome }: Answered): Told => ({
  prompt,
  answer: outcome.status === 'answered' ? outcome.text : null,
});

function rowsOf(batch: DocumentBatch, scope: Uint8Array, o: SynthesizeSettings) {
  const ids = batch.utf8('id');
  const { offsets } = batch.utf8('text');
  return [...batch.aliveRows()].flatMap((row) => {
    if (scope[row] === 0 || isGenerated(batch, row) || offsets[row + 1] - offsets[row] > 4 * o.longest) return [];
    const random = seededRandom(o.seed, stringAt(ids, row) ?? '');
    if (random.uniform() >= o.share) return [];
    return [{ row, options: { ...o, random } satisfies TaskOptions }];
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
    request: { messages, schema: prompt.schema, temperature, topP, stop: [], seed, maxTokens, sample: prompt.sample },
  };
}

function sourceColumns(scope: Uint8Array, all: readonly Made[], left: readonly Answered[]): [string, Column][] {
  const [made, unasked] = [0, 1].map(() => Float64Array.from(scope, (s) => (s === 1 ? 0 : Number.NaN)));
  for (const m of all) if (isText(m)) made[m.row]++;
  for (const { row } of left) unasked[row]++;
  return [
    ['synthesize_made', int32Column(made)],
    ['synthesize_unasked', int32Column(unasked)],
  ];
}

/** True of what is kept as a document. */
const isText = ({ made, outcome }: Made): boolean =>
  'text' in made && made.text !== '' && !isRefusal(outcome.text) && outcome.finish !== 'length';

function createdOf(batch: DocumentBatch, asked: readonly Made[], o: SynthesizeSettings) {
  const domains = batch.utf8('domain');
  return {
    parent: Int32Array.from(asked, ({ row }) => row),
    columns: new Map<string, Column>([
      ...createdColumns(asked),
      ['domain', utf8Column(asked.map((a) => `${stringAt(domains, a.row) ?? ''}${o.domainSuffix}`))],
    ]),
    generator: asked.map(() => generatorName(o)),
    promptHash: asked.map((a) => a.outcome.key),
    cost: Float64Array.from(asked, (a) => a.outcome.cost),
  };
}

function createdColumns(asked: readonly Made[]): [string, Column][] {
  const flag = (of: (a: Made) => boolean): Column => int32Column(Float64Array.from(asked, (a) => (of(a) ? 1 : 0)));
  const not = (why: NoText['not']) => flag(({ made }) => 'not' in made && made.not === why);
  const at = ({ made }: Made): number =>
    'text' in made && made.text !== '' ? Buffer.byteLength(made.text.slice(0, made.responseAt)) : Number.NaN;
  return [
    ['text', utf8Column(asked.map(({ made }) => ('text' in made ? made.text : '')))],
    ['synthesize_part', utf8Column(asked.map((a) => a.prompt.part))],
    [
      'synthesize_reason',
      utf8Column(asked.map(({ made, outcome }) => outcome.reason ?? ('not' in made ? made.reason : null))),
    ],
    ['synthesize_response_at', int32Column(Float64Array.from(asked, at))],
    ['synthesize_rejected', flag((a) => a.outcome.status === 'rejected')],
    ['synthesize_refused', flag((a) => a.outcome.status === 'refused' || isRefusal(a.outcome.text))],
    ['synthesize_cut', flag((a) => a.outcome.finish === 'length')],
    ['synthesize_step', not('step')],
    ['synthesize_filtered', not('filtered')],
    ['synthesize_malformed', flag(({ made }) => ('not' in made ? made.not === 'malformed' : made.text === ''))],
  ];
}
