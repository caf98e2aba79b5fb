import { openRunDatabase } from '../../ledger/database.ts';
import type { RuleDecision, StepDecision } from '../../ledger/decisions.ts';
import { type Explanation, explainDocuments, type Twin } from '../../ledger/explain-data.ts';
import { openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import { isEarlier } from '../../operators/dedup/tables/earlier-run.ts';
import { FAILURE_REASONS } from '../../run/split/isolate.ts';
import { clipped, displayWidth, safeExcerpt, safeJson, safeText } from '../../safe-text.ts';
import { countsTokens } from '../../streams/batch/token-ids.ts';
import {
  createsDocuments,
  dropsFor,
  isBarrier,
  isRules,
  removesCopies,
  rewritesText,
  type StepDescriptor,
} from '../../streams/operator.ts';
import { sourceText, textsOf } from '../clusters/clusters.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { program } from '../program.ts';
import { exact, plural, shellWord, short, size } from '../terminal/format.ts';
import {
  paintedWidth,
  standardOutput,
  type TableColumnSpec,
  type Terminal,
  tableLines,
  wrapped,
} from '../terminal/terminal.ts';
import { copyMeaning } from './copy-meaning.ts';
import { diffLines } from './diff-lines.ts';
import { cutLines, cutsOnly, cutText, spansOf } from './explain-cuts.ts';
import { cutOf, keptByRank, selectedText, unscoredText } from './explain-select.ts';

const options = {
  all: { help: 'Also show every measured value, and every rule that passed.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('explain', args, options, ['run-dir', 'id']);
  const folder = await openRunFolder(positionals[0]);
  const db = await openRunDatabase(folder);
  try {
    const { total, documents } = await explainDocuments(folder, db, positionals[1]);
    const terminal = standardOutput();
    if (values.json) {
      terminal.out(safeJson(JSON.stringify({ run: folder.path, total, documents }, null, 2)));
      return 0;
    }
    if (total > 1)
      terminal.out(
        `${plural(total, 'document')} have this ` +
          `id${total > documents.length ? `; showing the first ${documents.length}` : ''}.`,
      );
    for (const [i, d] of documents.entries()) {
      if (i > 0 || total > 1) terminal.out();
      printExplanation(terminal, d, folder.steps, values.all);
      for (const line of await cutLines(terminal, folder, d)) terminal.out(line);
      await printDifference(terminal, folder, d, positionals[0]);
    }
  } finally {
    db.close();
  }
  return 0;
}

const name = (t: Twin): string =>
  t.id === null || t.id === t.position ? safeText(t.position) : `${safeText(t.id)} (${safeText(t.position)})`;

function printExplanation(terminal: Terminal, d: Explanation, steps: readonly StepDescriptor[], all: boolean): void {
  const { out, style, width } = terminal;
  const outcome =
    { kept: style.green('kept'), dropped: style.red('dropped'), quarantined: style.yellow('quarantined') }[d.outcome] ??
    d.outcome;
  const by =
    d.outcome === 'dropped'
      ? ` by step ${style.bold(safeText(d.step ?? ''))}, rule ${style.bold(safeText(d.rule ?? ''))}`
      : '';
  out(`${style.bold(safeText(d.id ?? d.position))}: ${outcome}${by}`);
  const counted = steps.some((s) => countsTokens(s.writes));
  const facts = [
    d.id === d.position ? '' : safeText(d.position),
    d.domain === null ? '' : `domain ${safeText(d.domain)}`,
    d.textBytes === null ? '' : `${size(d.textBytes)} of text`,
    d.tokens === null ? '' : `${counted ? '' : '≈ '}${plural(d.tokens, 'token')}`,
  ];
  out(style.dim(`  ${facts.filter(Boolean).join(' · ')}`));
  const excerpt = clipped(`“${safeExcerpt(d.excerpt)}”`, 3 * (width - 16));
  for (const line of wrapped(excerpt, width - 2).slice(0, 3)) out(`  ${clipped(line, width - 2)}`);
  for (const line of lineageLines(d)) for (const part of wrapped(line, width - 2)) out(`  ${part}`);
  if (d.quarantine) {
    out();
    out(
      '  ' +
        `${quarantineText(d.quarantine.reason)}: ` +
        `${safeText(d.quarantine.reason)}${d.quarantine.detail ? `: ${safeText(d.quarantine.detail)}` : ''}`,
    );
    return;
  }
  out();
  d.decisions.forEach((step, i) => {
    for (const line of stepLines(terminal, d, step, spansOf(d, steps[i], steps), steps[i], i + 1, all)) out(line);
  });
  if (d.copies.count > 0) {
    out();
    const more = d.copies.count > d.copies.first.length ? ', ...' : '';
    out(
      `  ${plural(d.copies.count, 'duplicate')} of it ${d.copies.count === 1 ? 'was' : 'were'} dropped: ` +
        `${d.copies.first.map((t) => safeText(t.id ?? t.position)).join(', ')}${more}`,
    );
  }
  if (d.outcome !== 'dropped') return;
  out();
  if (isEarlier(d.duplicateOf?.position))
    out('  The document it duplicates was kept by an earlier run; similarity is estimated from signatures.');
  else if (d.duplicateOf) out(`  ${name(d.duplicateOf)} was kept in its place.`);
  else if (d.keepWith === null) out(`  ${keptByRank(d) ?? 'No change of threshold would have kept it.'}`);
  else
    for (const line of wrapped(
      `It would have been kept with: ${style.cyan(d.keepWith.map(shellWordOfSet).join(' '))}`,
      width,
      '  ',
    ))
      out(line);
}

/** What a created document was made of, and what was made of any document. */
function lineageLines({ lineage, created }: Explanation): string[] {
  const lines: string[] = [];
  if (lineage) {
    const by = lineage.generator === null ? '' : ` by ${safeText(lineage.generator)}`;
    const prompt = lineage.promptHash === null ? '' : `, prompt ${safeText(lineage.promptHash)}`;
    const cost = lineage.cost === null ? '' : `, cost ${short(lineage.cost)}`;
    lines.push(`Created from ${lineage.parents.map(name).join(' and ')}${by}${prompt}${cost}`);
  }
  if (created.count > 0) {
    const more = created.count > created.first.length ? ', ...' : '';
    lines.push(`${plural(created.count, 'document')} created from it: ${created.first.map(name).join(', ')}${more}`);
  }
  return lines;
}

/** Estimated where the other document is of an earlier run. */
const similarityText = (of: Explanation['duplicateOf']): string =>
  of?.similarity == null ? '' : `, similarity ${isEarlier(of.position) ? '≈ ' : ''}${short(of.similarity)}`;

const quarantineText = (reason: string): string =>
  FAILURE_REASONS.some((r) => r === reason)
    ? 'A step failed on this document'
    : 'The record could not be read as a document';

const DIFF_LINES = 8;

/** Of a duplicate: what differs from the document it duplicates. */
async function printDifference(terminal: Terminal, folder: RunFolder, d: Explanation, path: string): Promise<void> {
  if (d.outcome !== 'dropped' || d.duplicateOf === null || isEarlier(d.duplicateOf.position)) return;
  const { out, style } = terminal;
  const { texts, ...source } = await textsOf(folder, d.duplicateOf, d);
  out(
    style.dim(
      `  ${style.red('[-only in the kept one-]')} ${style.green('{+only in this one+}')}; ${sourceText(source)}`,
    ),
  );
  const lines = diffLines(terminal, texts[0], texts[1], '    ', DIFF_LINES);
  for (const line of lines) out(line);
  if (lines.length > DIFF_LINES)
    out(
      '  Full diff: ' +
        style.cyan(
          [program(), 'clusters', ...[path, d.id ?? d.position].map((w) => shellWord(safeText(w))), '--full'].join(' '),
        ),
    );
}

const shellWordOfSet = (option: string): string => `--set ${shellWord(option.slice('--set '.length))}`;

function stepLines(
  terminal: Terminal,
  d: Explanation,
  step: StepDecision,
  spans: Explanation['cutSpans'],
  descriptor: StepDescriptor,
  number: number,
  all: boolean,
): string[] {
  const { style } = terminal;
  const longest = Math.max(...d.decisions.map((s) => s.step.length));
  const head = (text: string): string =>
    `${String(number).padStart(3)} ${style.bold(safeText(step.step).padEnd(longest))}  ${text}`;
  if (step.state === 'not yet made') return [head(style.dim('came before this document was created'))];
  if (step.state === 'out of scope') return [head(style.dim(`does not apply to domain ${safeText(d.domain ?? '')}`))];
  const measures = !rewritesText(step) && !isBarrier(step) && dropsFor(step) === null;
  const found = all && measures ? [] : foundLines(terminal, step);
  if (isRules(step)) return [...judgedLines(terminal, step, head, all), ...found];
  if (step.state === 'not reached') return [head(style.dim('not reached'))];
  if (createsDocuments(step)) return [head(style.dim('creates documents')), ...found];
  if (removesCopies(step)) return [head(copyText(terminal, d, step, spans, descriptor))];
  if (isBarrier(step)) {
    if (step.state === 'dropped') return [head(style.red(cutOf(d)))];
    return wrapped(
      step.values.some((v) => v.value !== null)
        ? valuesText(step).replaceAll('\u00a0', ' ')
        : step.values.length > 0
          ? `no ${step.values.map((v) => safeText(v.column)).join(', ')}`
          : selectedText(d, descriptor),
      terminal.width - longest - 7,
    ).map((line, i) => (i === 0 ? head(line) : ' '.repeat(longest + 6) + line));
  }
  if (rewritesText(step)) {
    if (step.rules.length === 0) return [head(cutText(spans)), ...found];
    return judgedLines(terminal, step, (text) => head(`${cutText(spans)}; ${text}`), all);
  }
  if (!measures)
    return [head(step.state === 'dropped' ? style.red('dropped by your function') : 'kept by your function')];
  const unscored = unscoredText(step);
  if (unscored !== null && !all) return [head(style.yellow(unscored))];
  const present = step.values.filter((v) => v.value !== null);
  return [
    head(style.dim(`${plural(present.length, 'value')} measured`)),
    ...(all ? valueLines(terminal, step) : found),
  ];
}

function copyText(
  { style }: Terminal,
  d: Explanation,
  { state }: StepDecision,
  spans: Explanation['cutSpans'],
  descriptor: StepDescriptor,
): string {
  const twin = d.duplicateOf;
  if (cutsOnly(descriptor) && state === 'dropped') return style.red(copyMeaning(d.rule ?? ''));
  if (spans.length > 0) return cutText(spans);
  if (state !== 'dropped') return cutsOnly(descriptor) ? 'cut nothing' : 'not a duplicate of an earlier document';
  const similarity = similarityText(twin);
  const copy = d.rule === 'near_duplicate' ? 'near duplicate' : 'duplicate';
  return style.red(`${copy} of ${twin ? name(twin) : 'another document'}${similarity}`);
}

/** `ppl 31.2  ppl_tokens 118`, with spaces that do not break. */
const valuesText = (step: StepDecision): string =>
  step.values
    .map(
      (v) =>
        `${safeText(v.column)}\u00a0` +
        (v.value === null ? 'null' : typeof v.value === 'number' ? short(v.value) : safeText(v.value)),
    )
    .join('  ');

/** What a step found and named in words, with the numbers beside it. */
function foundLines(terminal: Terminal, step: StepDecision): string[] {
  if (!step.values.some((v) => typeof v.value === 'string')) return [];
  const judged = new Set(step.rules.map((r) => r.column));
  const values = step.values.filter((v) => v.value !== null && !judged.has(v.column));
  return valueLines(terminal, { ...step, values });
}

function valueLines({ width }: Terminal, step: StepDecision): string[] {
  return wrapped(valuesText(step), width, '     ').map((l) => l.replaceAll('\u00a0', ' '));
}

function judgedLines(terminal: Terminal, step: StepDecision, head: (text: string) => string, all: boolean): string[] {
  const { style, width } = terminal;
  const failed = step.rules.filter((r) => r.wouldFail);
  const missing = step.rules.filter((r) => r.value === null && !r.wouldFail);
  const passed = step.rules.filter((r) => r.wouldFail === false);
  const reached = step.state !== 'not reached';
  if (!reached && failed.length + passed.length === 0) return [head(style.dim('not reached'))];
  const parts = [
    failed.length > 0 ? (reached ? style.red(`${failed.length} failed`) : `${failed.length} would fail`) : '',
    passed.length > 0 ? `${passed.length} ${reached ? 'passed' : 'would pass'}` : '',
    missing.length > 0 ? `${missing.length} not judged (no value)` : '',
  ].filter(Boolean);
  const lines = [head(`${reached ? '' : style.dim('not reached: ')}${parts.join(', ')}`)];
  const table = (rules: readonly RuleDecision[]): string[] => {
    const rows = rules.map((r) => ruleRow(terminal, r, reached));
    const columns: TableColumnSpec[] = [{}, {}, {}, { align: 'right' }, {}];
    const wide = tableLines(columns, rows, INDENT);
    if (wide.every((line) => paintedWidth(line) <= width)) return wide;
    // Too wide: what would have kept it goes on the next line.
    return tableLines(columns.slice(0, 4), rows, INDENT).flatMap((line, k) =>
      rows[k][4] === '' ? [line] : [line, `${INDENT}   ${rows[k][4]}`],
    );
  };
  if (all) return [...lines, ...table(step.rules)];
  const brief = reached
    ? [...passed, ...missing].map((r) => `${r.value === null ? '–' : '✓'} ${conditionPassed(r)}`)
    : [];
  return [...lines, ...table(failed), ...grid(brief, width - 6).map((l) => style.dim(l))];
}

/** Short texts side by side, as many in a line as fit. */
function grid(texts: readonly string[], width: number): string[] {
  const widest = Math.max(0, ...texts.map(displayWidth));
  const columns = Math.max(1, Math.floor((width + 2) / (widest + 2)));
  const rows = Array.from({ length: Math.ceil(texts.length / columns) }, (_, i) =>
    texts.slice(i * columns, (i + 1) * columns),
  );
  return tableLines(
    Array.from({ length: columns }, () => ({})),
    rows,
    '      ',
  );
}

const INDENT = '      ';

const opposite: Readonly<Record<RuleDecision['comparison'], string>> = {
  '<': '≥',
  '<=': '>',
  '>': '≤',
  '>=': '<',
  '==': '≠',
  '!=': '=',
};

/** A rule that let the document pass, in few words: `gopher_max_words@1 5 ≤ 100,000`. */
const conditionPassed = (r: RuleDecision): string =>
  safeText(
    `${r.rule}@${r.version} ` +
      `${r.value === null ? 'null' : `${short(r.value)} ${opposite[r.comparison]} ${short(r.threshold)}`}`,
  );

function ruleRow({ style }: Terminal, r: RuleDecision, reached: boolean): string[] {
  const mark =
    r.wouldFail === null
      ? style.dim('–')
      : r.wouldFail
        ? reached
          ? style.red('✗')
          : style.dim('✗')
        : style.green('✓');
  const rescue = rescueText(r);
  const condition =
    r.value === null
      ? `null ${r.comparison} ${short(r.threshold)}`
      : `${short(r.value)} ${r.comparison} ${short(r.threshold)}`;
  return [mark, safeText(`${r.rule}@${r.version}`), style.dim(safeText(r.column)), condition, rescue];
}

/** `would be kept with min_words <= 37`; a switch of its step is turned off. */
function rescueText(r: RuleDecision): string {
  if (!r.rescue) return '';
  if (r.setting?.endsWith('=false')) return `would be kept with ${safeText(r.option)}=false`;
  return `would be kept with ${safeText(r.option)} ${r.rescue.comparison} ${exact(r.rescue.bound)}`;
}

export const explain: Command = {
  help: {
    usage: '<run-dir> <id | file#block.offset> [options]',
    about:
      'Every decision on one document, in recipe order: what was measured, each rule with its value, ' +
      'threshold and version, which document it duplicates, what was cut, and which thresholds would have ' +
      'kept it. If several documents share the id, all are shown.',
    options,
    examples: [
      ['sluice explain sluice-out/quickstart doc-5', 'why is this document not in the output?'],
      ["sluice explain sluice-out/quickstart 'part-000.jsonl#0.18231' --all", 'by position, with every measured value'],
    ],
  },
  run,
};
