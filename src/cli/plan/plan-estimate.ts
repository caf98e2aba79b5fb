import { availableParallelism } from 'node:os';
import type { Recipe } from '../../recipe/recipe.ts';
import { splitBytesOf } from '../../run/split/windows.ts';
import { safeText } from '../../safe-text.ts';
import type { ReadOptions } from '../../streams/inputs/read-options.ts';
import { isBarrier } from '../../streams/operator.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';
import { inspectCommand } from '../inspect/inspect-command.ts';
import { count, duration, percent, plural, rough, size } from '../terminal/format.ts';
import { type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';
import type { Share } from './expectation.ts';
import type { Probe } from './probe.ts';
import { type ModelRefusal, type ModelTrial, type ModelWorkers, modelSeconds } from './probe-models.ts';
import { type Beginning, runSeconds, slownessHere } from './run-seconds.ts';

/** What Node and the code take on top of the byte budget. */
const NODE_BYTES = 200e6;
const DOMAINS = 12;

export interface Estimate {
  readonly probe: Probe;
  readonly textBytes: number;
  readonly megabytesPerSecond: number;
  readonly seconds: number;
  /** Of `seconds`, those of steps with a language model. */
  readonly models: readonly (ModelTrial & { readonly seconds: number })[];
  readonly memoryBytes: number;
  /** Of a recipe with language models; their memory is not in `memoryBytes`. */
  readonly modelWorkers: ModelWorkers;
  readonly scratchBytes: number;
  readonly outputBytes: number;
  readonly ledgerBytes: number;
  readonly documents: number;
  readonly tokens: number;
}

/** What a run is given. */
export interface RunShape {
  readonly workers: number;
  /** The byte budget. */
  readonly memory: number;
  readonly modelWorkers: ModelWorkers;
  /** Share of the documents that the run takes; it reads all of them. */
  readonly sample: number;
  readonly beginning: Beginning;
}

export function estimateOf(
  recipe: Recipe,
  plan: SplitPlan,
  tried: Probe,
  { workers, memory, modelWorkers, sample, beginning }: RunShape,
): Estimate {
  const { all, kept } = tried.expected;
  const text = all.textBytes * sample;
  const threads = Math.min(workers, availableParallelism(), plan.splits.length);
  const barriers = recipe.steps.filter((s) => isBarrier(s.descriptor)).length;
  const engine = runSeconds(recipe, tried, text, threads, beginning, slownessHere());
  const models = tried.models.flatMap((m) =>
    'refused' in m ? [] : [{ ...m, seconds: modelSeconds(m, text, modelWorkers.workers) }],
  );
  const seconds = engine + models.reduce((n, m) => n + m.seconds, 0);
  return {
    probe: tried,
    textBytes: text,
    megabytesPerSecond: text / seconds / 1e6,
    seconds,
    models,
    // One split is worked on whatever it takes: a large document can take more than the budget.
    memoryBytes: Math.max(memory, splitBytesOf(plan.files, recipe.read.maxLineBytes)) + NODE_BYTES,
    modelWorkers,
    scratchBytes: barriers > 0 ? text * 1.05 : 0,
    outputBytes: tried.outputPerKeptByte * kept.bytes * sample,
    ledgerBytes: tried.ledgerPerDocument * all.documents * sample,
    documents: all.documents * sample,
    tokens: kept.tokens > 0 ? (text * kept.tokens) / kept.bytes : text / 4,
  };
}

interface Scene {
  readonly workers: number;
  /** Of the input. */
  readonly files: number;
  /** What tokens are counted by; null: they are an estimate without one. */
  readonly tokenizer: string | null;
  /** Steps with a language model. */
  readonly models: readonly string[];
  /** Share of the documents that the run takes. */
  readonly sample: number;
  /** Documents that it takes at most. */
  readonly limit: number | null;
  /** Steps that decide when they have seen everything: they are not tried. */
  readonly barriers: readonly string[];
}

/** `79.9 to 82.1 %`; never 0 or 100 where it is not. */
function range({ low, high }: Share): string {
  const end = (p: number): string =>
    p > 0 && p < 0.001
      ? '<0.1'
      : p > 0.999 && p < 1
        ? '>99.9'
        : p === 0 || p === 1
          ? `${100 * p}`
          : (100 * p).toFixed(1);
  return `${end(low)} to ${end(high)} %`;
}

/** What a model takes of the time, or why nobody knows. */
function modelText(m: ModelTrial | ModelRefusal, e: Estimate): string {
  const step = safeText(m.step);
  if ('refused' in m) {
    const { expected, got, fix } = m.refused;
    const problem = m.refused.problem && safeText(m.refused.problem);
    return (
      `without ${step}, which cannot run here: ` +
      `${problem ?? `expected ${safeText(expected)}, got ${safeText(got)}`}${fix ? `. ${safeText(fix)}` : ''}`
    );
  }
  const seconds = e.models.find((x) => x.step === m.step)?.seconds ?? 0;
  if (m.documents === 0) return `${step}: none, no document of the sample needs a score`;
  const part = m.share === 1 ? 'all text' : `${percent(m.share, 1)} of the text`;
  return (
    `of which ${step} ${duration(seconds)}: scores ${part} at ${size(m.bytesPerSecond)}/s per model ` +
    `worker (${e.modelWorkers.workers}), measured on ${plural(m.documents, 'document')} (${size(m.textBytes)})`
  );
}

/** What model workers take. */
const modelMemory = ({ workers, bytesEach }: ModelWorkers): string =>
  `, and ${plural(workers, 'model worker')} of up to ${size(bytesEach)}${workers > 1 ? ' each' : ''}`;

/** Which part of the input that is. */
function takenOf({ sample, limit }: Scene, documents: number): string {
  const parts = [
    ...(sample < 1 ? [`${percent(sample, 1)} of what is read`] : []),
    ...(limit !== null && Math.round(documents) >= limit ? [`the first ${plural(limit, 'document')}`] : []),
  ];
  return parts.length > 0 ? `: ${parts.join(', ')}` : '';
}

/** Why there is no estimate: nothing of what was tried has text. */
export function withoutEstimate(
  { quarantined, documents }: Probe,
  inputs: readonly string[],
  read: ReadOptions,
): string {
  const inspect = inspectCommand(inputs, read);
  const reasons = Object.entries(quarantined).sort((a, b) => b[1] - a[1]);
  const records = reasons.reduce((n, [, k]) => n + k, 0);
  if (records === 0)
    return documents === 0
      ? `No estimate: the files contain no documents. See what is in them: ${inspect}`
      : `No estimate: ${plural(documents, 'document')} sampled, none with any text. See: ${inspect}`;
  const listed = reasons.map(([reason, n]) => `${safeText(reason)} ${count(n)}`).join(', ');
  const fix =
    'missing_text' in quarantined
      ? `Name the field that holds the text with --text-field; to list the fields: ${inspect}`
      : `See: ${inspect}`;
  return `No estimate: none of ${plural(records, 'record')} sampled could be read as a document (${listed}). ${fix}`;
}

export function printEstimate(terminal: Terminal, e: Estimate, scene: Scene): void {
  const { out, style, width } = terminal;
  const { probe: p } = e;
  const { all, domains, reasons, quarantined } = p.expected;
  out();
  const [first, ...more] = wrapped(
    `from ${plural(p.documents, 'document')} (${size(p.textBytes)}) sampled at ` +
      `${plural(p.places, 'place')} in ` +
      `${p.files < scene.files ? `${count(p.files)} of` : scene.files === 1 ? 'the' : 'all'} ` +
      `${plural(scene.files, 'file')}, ` +
      `${duration(p.seconds)} on one thread`,
    width - 10,
  );
  out(`${style.bold('Estimate')}, ${first}`);
  for (const line of more) out(`  ${line}`);
  const rows = [
    ['speed', `${size(e.megabytesPerSecond * 1e6)}/s of text with ${plural(scene.workers, 'worker')}`],
    ['time', `about ${duration(e.seconds)}, if ${plural(availableParallelism(), 'core is', 'cores are')} free`],
    ...p.models.map((m) => ['', modelText(m, e)]),
    ['memory', `up to ${size(e.memoryBytes)}${p.models.length > 0 ? modelMemory(e.modelWorkers) : ''}`],
    [
      'scratch',
      e.scratchBytes === 0 ? 'none' : `about ${size(e.scratchBytes)} of disk under work/, deleted at the end`,
    ],
    ['output', `about ${size(e.outputBytes)} of documents, ${size(e.ledgerBytes)} of ledger`],
    [
      'input',
      `about ${rough(e.documents)} documents, ${size(e.textBytes)} of text, ≈ ${rough(e.tokens)} ` +
        `tokens${scene.tokenizer === null ? '' : ` of ${safeText(scene.tokenizer)}`}${takenOf(scene, e.documents)}`,
    ],
  ];
  const left = reasons.slice(0, 3).map((r) => `${safeText(r.rule)} ${percent(r.share, 1)}`);
  if (left.length > 0) rows.push(['top rules', left.join(', ')]);
  if (quarantined > 0)
    rows.push([
      'quarantine',
      `about ${rough(quarantined)} ${rough(quarantined) === '1' ? 'document' : 'documents'}: ` +
        `${Object.keys(p.quarantined).map(safeText).join(', ')}`,
    ]);
  const label = rows.reduce((w, [name]) => Math.max(w, name.length), 0);
  for (const [name, text] of rows)
    wrapped(text, width - label - 4).forEach((line, i) => {
      out(`  ${(i === 0 ? name : '').padEnd(label)}  ${line}`);
    });
  out();
  const before = [
    ...(scene.barriers.length > 0
      ? [`Not counting ${scene.barriers.join(', ')}, which a sample cannot simulate and which may drop more`]
      : []),
    ...(scene.models.length > 0 ? [`Not counting steps that depend on ${scene.models.join(', ')}`] : []),
  ];
  out(style.bold('Expected to be kept'));
  for (const note of before) for (const line of wrapped(`${note}.`, width, '  ')) out(style.dim(line));
  const names = Object.keys(domains);
  const row = (name: string, s: Share, paint = (t: string): string => t): string[] => [
    paint(name),
    rough(s.documents * scene.sample),
    size(s.textBytes * scene.sample),
    paint(percent(s.share, 1)),
    s.low === s.high ? 'exact, all was read' : range(s),
  ];
  const table = names
    .slice(0, names.length > DOMAINS ? DOMAINS - 1 : DOMAINS)
    .map((n) => row(safeText(n) || '(none)', domains[n]));
  if (names.length > DOMAINS) table.push([`${names.length - DOMAINS + 1} more`, '', '', '', '']);
  if (quarantined > 0) table.push(['(quarantine)', rough(quarantined), '', '0 %', 'could not be read']);
  if (names.length !== 1 || quarantined > 0) table.push(row('all', all, style.bold));
  const right = 'right' as const;
  tableLines(
    [
      { title: 'domain', max: 22 },
      { title: '≈ documents', align: right },
      { title: '≈ text', align: right },
      { title: 'kept', align: right },
      { title: '95 % range' },
    ],
    table,
  ).forEach((line, i) => {
    out(i === 0 ? style.dim(line) : line);
  });
  if (all.low === all.high) return;
  const what =
    'The range reflects variation between the sampled places; text between them may differ. ' +
    'Only the run gives exact numbers.';
  for (const line of wrapped(what, width, '  ')) out(style.dim(line));
}
