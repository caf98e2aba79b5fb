import { ConfigError } from '../../errors.ts';
import {
  type Cluster,
  clusterSteps,
  copiesOf,
  type Member,
  memberCalled,
  type StepClusters,
} from '../../ledger/clusters-data.ts';
import { openRunDatabase, type RunDatabase } from '../../ledger/database.ts';
import { originalText } from '../../ledger/original-text.ts';
import { openRunFolder, type RunFolder, shownRun } from '../../ledger/run-folder.ts';
import { isEarlier } from '../../operators/dedup/tables/earlier-run.ts';
import { clipped, safeExcerpt, safeJson, safeText } from '../../safe-text.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { diffLines } from '../explain/diff-lines.ts';
import { warnSoFar } from '../nodes/so-far.ts';
import { program } from '../program.ts';
import { count, plural, shellWord, short } from '../terminal/format.ts';
import { standardOutput, type Terminal, tableLines } from '../terminal/terminal.ts';

const options = {
  pair: {
    value: 'ID',
    help: 'With an id: the document to compare it with. Default: the one it duplicates, or its least similar copy.',
  },
  top: { value: 'N', help: 'How many clusters per step (or copies of one document) to list. Default 5.' },
  full: { help: 'Show the whole diff.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

const DIFF_LINES = 24;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('clusters', args, options, ['run-dir', 'id?']);
  const folder = await openRunFolder(positionals[0]);
  warnSoFar(folder);
  const top = wholeNumber(values.top, '--top') ?? 5;
  if (values.pair !== undefined && positionals.length < 2) {
    throw new ConfigError({
      expected: 'an id before --pair: sluice clusters <run-dir> <id> --pair <other id>',
      got: 'only --pair',
      where: 'sluice clusters',
    });
  }
  const db = await openRunDatabase(folder);
  try {
    const terminal = standardOutput();
    if (positionals.length > 1) {
      const found = await pairOf(folder, db, positionals[1], values.pair, top);
      if (values.json) terminal.out(safeJson(JSON.stringify({ run: shownRun(folder), ...found }, null, 2)));
      else printPair(terminal, found, values.full ? Number.POSITIVE_INFINITY : DIFF_LINES);
      return 0;
    }
    const steps = await clusterSteps(folder, db, top);
    if (values.json) terminal.out(safeJson(JSON.stringify({ run: shownRun(folder), steps }, null, 2)));
    else printClusters(terminal, positionals[0], steps);
  } finally {
    db.close();
  }
  return 0;
}

function printClusters(terminal: Terminal, folder: string, steps: readonly StepClusters[]): void {
  const { out, style } = terminal;
  if (steps.length === 0) {
    out('No document was dropped as a duplicate of another.');
    return;
  }
  for (const s of steps) {
    const rules = s.rules.map((r) => `${safeText(r.rule)} ${count(r.dropped)}`).join(', ');
    out(
      `${style.bold(safeText(s.step))}  ${plural(s.clusters, 'cluster')}, ` +
        `${plural(s.dropped, 'duplicate')} dropped (${rules})`,
    );
    const most = Math.max(...s.sizes.map((b) => b.clusters));
    const rows = s.sizes.map((b) => [
      b.from === b.to ? count(b.from) : `${count(b.from)} to ${count(b.to)}`,
      count(b.clusters),
      count(b.documents),
      style.cyan('█'.repeat(Math.max(1, Math.round((32 * b.clusters) / most)))),
    ]);
    const columns = [
      { title: 'cluster size', align: 'right' },
      { title: 'clusters', align: 'right' },
      { title: 'total', align: 'right' },
      { title: '' },
    ] as const;
    for (const [i, line] of tableLines(columns, rows, '  ').entries()) out(i === 0 ? style.dim(line) : line);
    out();
    for (const line of largestLines(terminal, s.largest)) out(line);
    out();
  }
  const near = steps.flatMap((s) => s.largest).sort((a, b) => (a.leastSimilarity ?? 1) - (b.leastSimilarity ?? 1));
  const example = near[0];
  out(
    'Compare: ' +
      style.cyan(
        [program(), 'clusters', ...[folder, example.id ?? example.survivor].map((w) => shellWord(safeText(w)))].join(
          ' ',
        ),
      ),
  );
}

function largestLines({ style, width }: Terminal, largest: readonly Cluster[]): string[] {
  const rows = largest.map((c) => [
    count(c.documents),
    clipped(safeText(c.id ?? c.survivor), 32),
    c.leastSimilarity === null ? '–' : short(c.leastSimilarity),
    safeExcerpt(c.excerpt),
  ]);
  const columns = [
    { title: 'largest', align: 'right' },
    { title: 'kept' },
    { title: 'min similarity', align: 'right' },
    { title: 'text' },
  ] as const;
  return tableLines(columns, rows, '  ').map((line, i) => (i === 0 ? style.dim(line) : clipped(line, width)));
}

/** Two documents, and the texts to compare. */
interface Pair {
  readonly survivor: Member;
  readonly copy: Member;
  readonly copies: { readonly total: number; readonly first: readonly Member[] };
  /** Where the texts come from: the input, read again, or the excerpts of the ledger, and why. */
  readonly source: 'input' | 'excerpt';
  readonly reason: string | null;
  readonly texts: readonly [string, string];
}

async function pairOf(
  folder: RunFolder,
  db: RunDatabase,
  id: string,
  other: string | undefined,
  most: number,
): Promise<Pair> {
  const asked = await memberCalled(db, id, folder.path);
  let pair: readonly [Member, Member];
  if (other !== undefined) pair = [asked, await memberCalled(db, other, folder.path)];
  else if (isEarlier(asked.duplicateOf))
    throw new ConfigError({
      expected: 'a duplicate of a document in this run',
      got: `${safeText(asked.id ?? asked.position)}, a duplicate of ${safeText(asked.duplicateOf ?? '')}`,
      where: shownRun(folder),
      fix:
        'The document it duplicates was kept by an earlier run. Look in that run, or name another document ' +
        'with --pair.',
    });
  else if (asked.duplicateOf !== null) pair = [await memberCalled(db, asked.duplicateOf, folder.path), asked];
  else {
    const { first } = await copiesOf(db, asked.position, 1);
    if (first.length === 0) {
      throw new ConfigError({
        expected: 'a document in a cluster of duplicates',
        got: `${safeText(id)}, which has no duplicates`,
        where: shownRun(folder),
        fix:
          'Compare any two documents with --pair, or list the clusters: ' +
          `sluice clusters ${shellWord(folder.given)}`,
      });
    }
    pair = [asked, first[0]];
  }
  const copies = await copiesOf(db, pair[0].position, most);
  return { survivor: pair[0], copy: pair[1], copies, ...(await textsOf(folder, pair[0], pair[1])) };
}

/** Both texts from the input, or both excerpts. */
export async function textsOf(
  folder: RunFolder,
  a: { readonly position: string; readonly excerpt: string },
  b: { readonly position: string; readonly excerpt: string },
): Promise<Pick<Pair, 'source' | 'reason' | 'texts'>> {
  const [x, y] = [await originalText(folder, a.position), await originalText(folder, b.position)];
  if ('text' in x && 'text' in y) return { source: 'input', reason: null, texts: [x.text, y.text] };
  const reason = 'missing' in x ? x.missing : 'missing' in y ? y.missing : null;
  return { source: 'excerpt', reason, texts: [a.excerpt, b.excerpt] };
}

/** `of the texts as they stand in the input`, or why only of their beginnings. */
export const sourceText = ({ source, reason }: Pick<Pair, 'source' | 'reason'>): string =>
  source === 'input'
    ? 'full texts, re-read from the input'
    : `only the first 240 bytes, from the ledger: ${reason ?? 'the input cannot be read'}`;

const nameOf = (m: Member): string =>
  m.id === null || m.id === m.position ? safeText(m.position) : `${safeText(m.id)} (${safeText(m.position)})`;

function printPair(terminal: Terminal, pair: Pair, most: number): void {
  const { out, style, width } = terminal;
  const { survivor, copy, copies } = pair;
  out(`${style.bold(nameOf(survivor))}`);
  const own = copy.duplicateOf === survivor.position;
  const similarity = copy.similarity === null ? '' : `, similarity ${short(copy.similarity)}`;
  out(
    own
      ? `  has ${plural(copies.total, 'duplicate')}, one of them ${style.bold(nameOf(copy))}: ` +
          `${safeText(copy.rule ?? '')}${similarity}`
      : `  compared with ${style.bold(nameOf(copy))}, which is not a duplicate of it`,
  );
  out();
  out(
    style.dim(`  ${style.red('[-only in the first-]')} ${style.green('{+only in the second+}')}; ${sourceText(pair)}`),
  );
  for (const line of diffLines(terminal, pair.texts[0], pair.texts[1], '  ', most)) out(line);
  if (copies.first.length < 2) return;
  out();
  out(
    '  ' +
      style.bold('Duplicates') +
      (copies.total > copies.first.length ? `, the ${copies.first.length} least similar` : ''),
  );
  const rows = copies.first.map((m) => [
    m.similarity === null ? '–' : short(m.similarity),
    clipped(safeText(m.id ?? m.position), 32),
    safeText(m.rule ?? ''),
    safeExcerpt(m.excerpt),
  ]);
  const columns = [
    { title: 'similarity', align: 'right' as const },
    { title: 'id' },
    { title: 'rule' },
    { title: 'text' },
  ];
  for (const line of tableLines(columns, rows, '  ')) out(clipped(line, width));
}

export const clusters: Command = {
  help: {
    usage: '<run-dir> [id] [options]',
    about:
      'Clusters of duplicates: their sizes for every dedup step and the largest ones. With an id, a ' +
      'word-by-word diff of a document and the one it duplicates.',
    options,
    examples: [
      ['sluice clusters sluice-out/dedup', 'sizes and the largest clusters'],
      ['sluice clusters sluice-out/dedup doc-5', 'doc-5 beside the document it duplicates'],
      ['sluice clusters sluice-out/dedup doc-5 --pair doc-9', 'any two documents'],
    ],
  },
  run,
};
