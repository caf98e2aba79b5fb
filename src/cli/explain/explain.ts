import { openRunDatabase } from '../../ledger/database.ts';
import { wholeText } from '../../ledger/documents-data.ts';
import { type Explanation, explainDocuments } from '../../ledger/explain-data.ts';
import { openRunFolder, type RunFolder, shownRun } from '../../ledger/run-folder.ts';
import { isEarlier } from '../../operators/dedup/tables/earlier-run.ts';
import { clipped, safeExcerpt, safeJson, safeText } from '../../safe-text.ts';
import { countsTokens } from '../../streams/batch/token-ids.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { FAILURE_REASONS } from '../../streams/split/isolate.ts';
import { sourceText, textsOf } from '../clusters/clusters.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { warnSoFar } from '../nodes/so-far.ts';
import { program } from '../program.ts';
import { textLines } from '../sample/text-lines.ts';
import { plural, shellWord, short, size } from '../terminal/format.ts';
import { standardOutput, type Terminal, wrapped } from '../terminal/terminal.ts';
import { diffLines } from './diff-lines.ts';
import { cutLines, spansOf } from './explain-cuts.ts';
import { keptByRank } from './explain-select.ts';
import { name, stepLines } from './explain-steps.ts';

const options = {
  all: { help: 'Also show every measured value, and every rule that passed.' },
  text: { help: 'Also the whole text as it was read, from the input by position.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('explain', args, options, ['run-dir', 'id']);
  const folder = await openRunFolder(positionals[0]);
  warnSoFar(folder);
  const db = await openRunDatabase(folder);
  try {
    const { total, documents } = await explainDocuments(folder, db, positionals[1]);
    const terminal = standardOutput();
    if (values.json) {
      const shown = [];
      for (const d of documents) shown.push(values.text ? { ...d, original: await wholeText(folder, d) } : d);
      terminal.out(safeJson(JSON.stringify({ run: shownRun(folder), total, documents: shown }, null, 2)));
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
      if (!values.text) continue;
      terminal.out();
      terminal.out(terminal.style.bold('  Text as it was read'));
      for (const line of textLines(terminal, await wholeText(folder, d), d.excerpt)) terminal.out(line);
    }
  } finally {
    db.close();
  }
  return 0;
}

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
  else {
    const { unjudgedBy } = d;
    const settings = style.cyan(d.keepWith.map(shellWordOfSet).join(' '));
    const would =
      unjudgedBy.length === 0
        ? `It would have been kept with: ${settings}`
        : `It would have come to ${unjudgedBy.map(safeText).join(', ')} with: ${settings}`;
    for (const line of wrapped(would, width, '  ')) out(line);
    if (unjudgedBy.length > 0)
      out(`  What ${unjudgedBy.length === 1 ? 'that step' : 'those steps'} would say of it, the ledger does not know.`);
  }
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
      ['sluice explain sluice-out/quickstart doc-5 --text', 'with the whole text'],
    ],
  },
  run,
};
