import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openRunFolder } from '../../ledger/run-folder.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { safeText } from '../../safe-text.ts';
import { countsTokens } from '../../streams/batch/token-ids.ts';
import { lostDocuments } from '../../streams/commits/counters.ts';
import { liveFiles } from '../../streams/commits/log.ts';
import { type CommitStore, readCommitStore } from '../../streams/commits/store.ts';
import { removesCopies } from '../../streams/operator.ts';
import { program } from '../program.ts';
import { count, plural, shellWord, size } from '../terminal/format.ts';
import { type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';
import { languageLines } from './kinds.ts';
import { topReasons } from './run-view.ts';
import { domainLines } from './summary-domains.ts';
import { headLines } from './summary-head.ts';
import type { SummaryInput } from './summary-input.ts';
import { noteLines } from './summary-notes.ts';
import { reasonLines, shadowLines, stepsOf } from './summary-reasons.ts';
import { unscoredLines } from './unscored.ts';

const REASONS = 8;

/** What a person wants to read at the end of a run. Leads with what was kept and where it lies. */
export async function printSummary(terminal: Terminal, input: SummaryInput): Promise<void> {
  const { out, style, width } = terminal;
  const { result, run } = input;
  const t = result.totals!;
  const here = input.shown;
  out();
  const reasons = topReasons(t);
  for (const line of headLines(terminal, input, reasons)) out(line);
  const promise =
    'Every document has a row in the ledger; dropped ones carry the reason. Input files were not modified.';
  for (const line of wrapped(promise, width)) out(style.dim(line));
  out();
  for (const line of domainLines(terminal, t, countsTokens(result.schema.annotations))) out(line);
  if (reasons.length > 0) {
    out();
    out(style.bold(`Why ${plural(t.dropped.documents, 'document was', 'documents were')} dropped`));
    for (const reason of reasons.slice(0, REASONS))
      for (const line of reasonLines(terminal, reason, t, stepsOf(result))) out(line);
    if (reasons.length > REASONS)
      out(style.dim(`  and ${plural(reasons.length - REASONS, 'more rule', 'more rules')}; see the first query below`));
  }
  const shadows = shadowLines(terminal, t, stepsOf(result));
  if (shadows.length > 0) out();
  for (const line of shadows) out(line);
  const folder = await openRunFolder(run);
  const found = { unscored: await unscoredLines(folder), languages: await languageLines(folder) };
  const notes = noteLines(terminal, input, t, found);
  if (notes.length > 0) out();
  for (const line of notes) out(line);
  out();
  await printOutput(terminal, input, here);
  out();
  out(style.bold('Next'));
  const example = reasons.flatMap((r) => r.counters.examples)[0]?.id;
  for (const command of nextCommands(here, result, example)) out(`  ${command}`);
}

async function printOutput(
  { out, style, width }: Terminal,
  { run, result }: SummaryInput,
  here: string,
): Promise<void> {
  out(`${style.bold('Output')}  ${here}`);
  const commits = await readCommitStore(join(run, 'commits.jsonl'), { repair: false });
  const rows = [
    ...result.sinks.map((s) => ({ ...s, what: tokensIn(commits, s.name) ?? 'kept documents with all annotations' })),
    { name: 'ledger', folder: 'ledger', what: 'one row per document: outcome, rule, value' },
    { name: 'quarantine', folder: 'quarantine', what: 'records that could not be read, and why' },
  ].flatMap(({ name, folder, what }) => {
    const files = liveFiles(commits.all, name);
    if (files.length === 0) return [];
    return [
      [`${folder}/`, plural(files.length, 'file'), size(files.reduce((n, f) => n + f.bytes, 0)), style.dim(what)],
    ];
  });
  if (existsSync(join(run, 'README.md'))) rows.push(['README.md', '', '', style.dim('how to open it in Python')]);
  for (const line of tableLines([{}, { align: 'right' }, { align: 'right' }, { max: width - 33 }], rows)) out(line);
}

/** Of a store of tokens, exactly; null for a sink of documents. */
function tokensIn(commits: CommitStore, sink: string): string | null {
  const stores = liveFiles(commits.all, sink).flatMap((f) => (f.tokens ? Object.values(f.tokens) : []));
  if (stores.length === 0) return null;
  return `${count(stores.reduce((n, t) => n + t.tokens, 0))} tokens, exactly, for sluice feed`;
}

function nextCommands(here: string, result: RunJson, example: string | undefined): string[] {
  const dir = shellWord(here);
  const lost = result.totals ? lostDocuments(result.totals) : 0;
  const mostlyUnreadable = (result.totals?.dropped.documents ?? 0) < lost;
  const query = mostlyUnreadable
    ? 'SELECT reason, count(*) AS n FROM quarantine GROUP BY ALL ORDER BY n DESC'
    : "SELECT domain, rule, count(*) AS n FROM ledger WHERE outcome = 'dropped' GROUP BY ALL ORDER BY n DESC";
  const commands = [`${program()} sql ${dir} "${query}"`];
  if (example !== undefined && safeText(example) === example)
    commands.push(`${program()} explain ${dir} ${shellWord(example)}`);
  else commands.push(`${program()} status ${dir}`);
  if ((result.totals?.cutBytes ?? 0) > 0)
    commands.push(
      `${program()} sql ${dir} "SELECT id, text_bytes, cut_spans FROM ledger WHERE len(cut_spans) > 0 LIMIT 5"`,
    );
  const copies = stepsOf(result).some(
    (s) => removesCopies(s) && Object.values(result.totals?.steps[s.step] ?? {}).some((r) => r.dropped > 0),
  );
  if (copies) commands.push(`${program()} clusters ${dir}`);
  const documents = result.sinks.find((s) => s.name === 'documents');
  if (documents && (result.totals?.kept.documents ?? 0) > 0)
    commands.push(`${program()} inspect ${shellWord(`${here}/${documents.folder}`)}`);
  if (result.sinks.some(({ kind }) => kind === 'tokens') && (result.totals?.kept.documents ?? 0) > 0)
    commands.push(`${program()} feed ${dir}`);
  return commands;
}
