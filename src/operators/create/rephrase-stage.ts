import type { Asked, Outcome } from '../../models/generators/asker.ts';
import { seededRandom } from '../../random.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type Column, float64Column, int32Column, stringAt, utf8Column } from '../../streams/batch/columns.ts';
import { withCreated } from '../../streams/batch/created.ts';
import { positionLabel } from '../../streams/batch/position.ts';
import { dropsFor, rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { judge } from '../drop-stage.ts';
import { type AskAll, asksFor, isGenerated, withDeclared, withWaiting } from '../generate/ask-all.ts';
import { bandOf } from '../generate/band.ts';
import { chunksOf, wholeSentences } from '../generate/sentences.ts';
import { type GeneratorSettings, generatorName, settingsOf } from '../generate/settings.ts';
import type { StageContext } from '../stage-context.ts';
import { withVerdict } from '../verdicts.ts';
import { cleanAnswer, isRefusal } from './clean-answer.ts';
import { compareTexts } from './compare-texts.ts';
import { filled, STYLES, type Style } from './styles.ts';

interface RephraseSettings extends GeneratorSettings {
  readonly as: string;
  readonly styles: readonly string[];
  readonly each: 'all' | 'one';
  readonly ownStyles: { readonly [name: string]: { readonly system: string; readonly prompt: string } };
  readonly chunkTokens: number;
  readonly share: number;
  readonly keepSource: boolean;
  readonly domainSuffix: string;
  readonly cutOff: 'drop' | 'trim';
}

/** The step in a worker. */
export function stage(descriptor: StepDescriptor, { services }: StageContext): Stage {
  const ask = asksFor(descriptor.step, services);
  return { apply: (batch) => rephrased(descriptor, batch, ask) };
}

/** One rewrite that is asked for. */
interface Job {
  readonly row: number;
  readonly chunk: number;
  readonly style: string;
  readonly source: string;
}

/** The batch with the rewrites of its documents, each judged. */
export async function rephrased(d: StepDescriptor, batch: DocumentBatch, ask: AskAll): Promise<DocumentBatch> {
  const o = settingsOf(d) as RephraseSettings;
  const scope = rowsInScope(batch, d.where);
  const jobs = jobsOf(batch, scope, o, bandOf(batch, d.step, o));
  const outcomes = await ask(jobs.map((job) => askedOf(batch, job, o)));
  const later = new Map<number, string>();
  jobs.forEach(({ row }, i) => {
    if (outcomes[i].status === 'later') later.set(row, outcomes[i].reason!);
  });
  if (later.size > 0) return withWaiting(withDeclared(withColumnsOf(batch, o.as, scope, [], []), d), later);
  const made = jobs
    .map((job, i) => ({ job, outcome: outcomes[i] }))
    .filter(({ outcome }) => outcome.status !== 'unasked');
  const told = withColumnsOf(batch, o.as, scope, jobs, outcomes);
  const grown = withDeclared(withCreated(told, createdOf(batch, made, o)), d);
  if (dropsFor(d) === null) return grown;
  const isNew = grown.utf8(`${o.as}_style`);
  const judged = Uint8Array.from({ length: grown.rows }, (_, row) =>
    grown.alive[row] === 1 && (stringAt(isNew, row) !== null || replaced(grown, o, row)) ? 1 : 0,
  );
  return withVerdict(grown, judge(grown, d.step, d.rules, judged));
}

const replaced = (batch: DocumentBatch, { as, keepSource }: RephraseSettings, row: number): boolean =>
  !keepSource && Number(batch.number(`${as}_rewrites`).values[row]) > 0;

function jobsOf(batch: DocumentBatch, scope: Uint8Array, o: RephraseSettings, inBand: (row: number) => boolean): Job[] {
  const ids = batch.utf8('id');
  return [...batch.aliveRows()].flatMap((row) => {
    if (scope[row] === 0 || isGenerated(batch, row) || !inBand(row)) return [];
    const random = seededRandom(o.seed, stringAt(ids, row) ?? '');
    if (random.uniform() >= o.share) return [];
    const styles = o.each === 'all' ? o.styles : [o.styles[random.below(o.styles.length)]];
    const chunks = chunksOf(batch.text(row), o.chunkTokens);
    return chunks.flatMap((source, chunk) => styles.map((style) => ({ row, chunk, style, source })));
  });
}

const styleOf = (name: string, o: RephraseSettings): Pick<Style, 'system' | 'prompt'> =>
  o.ownStyles[name] ?? STYLES[name as keyof typeof STYLES];

function askedOf(batch: DocumentBatch, { row, style, source }: Job, o: RephraseSettings): Asked {
  const { system, prompt } = styleOf(style, o);
  const turns = [
    { role: 'system', content: system },
    { role: 'user', content: filled(prompt, source) },
  ] as const;
  return {
    owner: positionLabel(batch, row),
    request: {
      messages: turns.filter(({ content }) => content !== ''),
      schema: null,
      temperature: o.temperature,
      topP: o.topP,
      stop: [],
      seed: o.seed,
      maxTokens: o.maxTokens,
    },
  };
}

/** What is said of the sources: how many rewrites each was asked for and got, and how many the budget left out. */
function withColumnsOf(
  batch: DocumentBatch,
  as: string,
  scope: Uint8Array,
  jobs: readonly Job[],
  outcomes: readonly Outcome[],
): DocumentBatch {
  const [rewrites, unasked] = [0, 1].map(() => Float64Array.from(scope, (s) => (s === 1 ? 0 : Number.NaN)));
  jobs.forEach(({ row }, i) => {
    (outcomes[i].status === 'unasked' ? unasked : rewrites)[row]++;
  });
  return batch.withColumns([
    [`${as}_rewrites`, int32Column(rewrites)],
    [`${as}_unasked`, int32Column(unasked)],
  ]);
}

function createdOf(batch: DocumentBatch, made: readonly { job: Job; outcome: Outcome }[], o: RephraseSettings) {
  const rewrites = made.map(({ job, outcome }) => {
    const whole = outcome.status === 'answered' ? cleanAnswer(outcome.text) : '';
    const trims = o.cutOff === 'trim' && outcome.finish === 'length';
    const text = trims ? wholeSentences(whole) : whole;
    const cut = outcome.finish === 'length' && (!trims || text === '');
    return { ...job, outcome, text, cut, ...compareTexts(job.source, text) };
  });
  const flag = (of: (r: (typeof rewrites)[number]) => boolean) =>
    int32Column(Float64Array.from(rewrites, (r) => (of(r) ? 1 : 0)));
  const real = (of: (r: (typeof rewrites)[number]) => number | null) =>
    float64Column(Float64Array.from(rewrites, (r) => of(r) ?? Number.NaN));
  const domains = batch.utf8('domain');
  return {
    parent: Int32Array.from(rewrites, ({ row }) => row),
    columns: new Map<string, Column>([
      ['text', utf8Column(rewrites.map((r) => r.text))],
      ['domain', utf8Column(rewrites.map((r) => `${stringAt(domains, r.row) ?? ''}${o.domainSuffix}`))],
      [`${o.as}_style`, utf8Column(rewrites.map((r) => r.style))],
      [`${o.as}_chunk`, int32Column(Float64Array.from(rewrites, (r) => r.chunk))],
      [`${o.as}_reason`, utf8Column(rewrites.map((r) => r.outcome.reason))],
      [`${o.as}_rejected`, flag((r) => r.outcome.status === 'rejected')],
      [`${o.as}_refused`, flag((r) => r.outcome.status === 'refused' || isRefusal(r.text))],
      [`${o.as}_empty`, flag((r) => r.text === '')],
      [`${o.as}_cut`, flag((r) => r.cut)],
      [`${o.as}_ratio`, real((r) => r.ratio)],
      [`${o.as}_copied`, real((r) => r.copied)],
      [`${o.as}_overlap`, real((r) => r.overlap)],
      [`${o.as}_script`, real((r) => r.script)],
    ]),
    generator: rewrites.map(() => generatorName(o)),
    promptHash: rewrites.map((r) => r.outcome.key),
    cost: Float64Array.from(rewrites, (r) => r.outcome.cost),
  };
}
