import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupingsOf, ruleBias } from '../bias/bias-data.ts';
import { query, type RunDatabase } from '../database.ts';
import type { RunFolder } from '../run-folder.ts';
import { type Plain, plain } from '../sql-values.ts';
import { CARD_FORMAT, type Card, type CardField, type CardTable } from './card.ts';
import * as q from './queries.ts';

/** Columns that show a document; left out of a card to share. */
const PRIVATE = ['excerpt', 'id', 'file'];

const LICENCE = /(^|_)licen[cs]e$/;

/**
 * The data card of a run. Every table is the answer to the query beside it; nothing is guessed: what a run cannot know
 * is left as a question.
 * @param redact without excerpts, ids and paths
 */
export async function makeCard(folder: RunFolder, db: RunDatabase, redact: boolean): Promise<Card> {
  const { run, steps } = folder;
  const table = async (name: string, sql: string | null, more: Partial<CardField> = {}): Promise<CardField[]> =>
    sql === null ? [] : [{ name, sql, table: await answer(db, sql, redact), ...more }];
  const licence = run.schema.annotations.find((a) => LICENCE.test(a.name))?.name;
  const biases = await ruleBias(db, groupingsOf(run.schema.annotations), 3);
  const decontaminated = steps.some((s) => s.stage === 'decontaminate');
  const said = (name: string, text: string): CardField => ({ name, text });
  const limits = [
    run.limits.limit === null ? '' : `the first ${run.limits.limit} documents`,
    run.limits.samplePercent === null ? '' : `${run.limits.samplePercent} % of the documents, by a hash of the id`,
  ].filter(Boolean);
  const counted = run.schema.annotations.some((a) => a.name === 'tokens');
  const sections: [string, CardField[]][] = [
    ['Authorship', [...asked('Publishers', 'Contacts', 'Funding'), said('Made with', `Sluice ${run.sluice}`)]],
    [
      'Dataset overview',
      [
        said('Recipe', run.name),
        ...(await table('Snapshot', q.totalsQuery(counted))),
        ...(await table('Domains', q.domainsQuery(counted), { bars: { part: 'kept', whole: 'read' } })),
        ...(await table('Length of the texts in bytes', q.LENGTHS)),
        ...asked('Subject of the data', 'Sensitivity of the data'),
      ],
    ],
    [
      'Example of data points',
      [
        ...(await table('Typical: kept, of median length in its domain', q.TYPICAL)),
        ...(await table('Borderline: dropped nearest to the threshold, by the rules that drop most', q.BORDERLINE)),
      ],
    ],
    ['Motivations and intentions', asked('Purpose', 'Intended use', 'Use to be avoided')],
    [
      'Access, retention and wipeout',
      [
        said('Files', run.sinks.map((s) => `${s.folder}/ (${s.kind})`).join(', ')),
        ...asked('Access policy', 'Retention', 'How data is removed on request'),
      ],
    ],
    [
      'Provenance',
      [
        said('Input', `${run.input.files} files, ${run.input.bytes} bytes, hash ${run.hashes.input}`),
        ...(redact ? [] : [said('Patterns', run.input.patterns.join(' '))]),
        ...(licence === undefined
          ? asked('Licences by source (the ledger has no column of them)')
          : await table('Licences by source', q.sharesQuery(licence))),
        ...(await table('What could not be read', q.QUARANTINE)),
        ...asked('Method of collection', 'Dates of collection'),
      ],
    ],
    [
      'Human and other sensitive attributes',
      asked('Attributes of people', 'How they were found', 'Known risks of the attributes'),
    ],
    ['Extended use', asked('Use with other data', 'Forking and sampling', 'Use in machine learning')],
    [
      'Transformations',
      [
        ...(await table('Before and after each step', q.stepsQuery(steps), {
          bars: { part: 'after', whole: 'before' },
        })),
        ...(await table('Rules', q.rulesQuery(steps))),
        said('Bytes cut from kept texts', String(run.totals?.cutBytes ?? 0)),
        said('Bytes put in their place', String(run.totals?.addedBytes ?? 0)),
        ...biases.map(
          (b): CardField => ({
            name: `Dropped by ${b.rule === null ? 'all rules' : `${b.step}.${b.rule}`}, by ${b.by}`,
            sql: b.sql,
            table: {
              columns: ['group', 'documents', 'dropped', 'share', 'low', 'high', 'ratio'],
              rows: b.groups.map((g) => [
                ...[g.group, g.documents, g.dropped],
                ...[g.share, g.low, g.high, g.ratio].map((x) => Number(x.toFixed(4))),
              ]),
            },
            bars: { part: 'dropped', whole: 'documents' },
          }),
        ),
      ],
    ],
    [
      'Annotations and labeling',
      [
        said('Versions', run.versions.join(', ') || 'none'),
        ...(await table('Measured on each document', q.annotationsQuery(run.schema.annotations))),
        ...asked('Labels by people'),
      ],
    ],
    [
      'Validation types',
      [
        said(
          'Guards',
          (run.guards?.judged ?? [])
            .map((g) => `${g.guard} of ${g.of}: ${(100 * g.share).toFixed(1)} %, ${g.state}`)
            .join('; ') || 'none was near its band',
        ),
        ...asked('Validation by people'),
      ],
    ],
    [
      'Sampling methods',
      [said('Taken', limits.join('; ') || 'all documents of the input'), ...asked('Sampling before')],
    ],
    [
      'Known applications and benchmarks',
      [
        said(
          'Decontamination',
          decontaminated ? 'by a step of the recipe, see Rules' : 'no step of the recipe does it',
        ),
        ...asked('Models trained on it', 'Known results'),
      ],
    ],
    [
      'Terms of art',
      [
        said('kept, dropped', 'a document goes to the output, or a rule ends it; each has a row in the ledger'),
        said('domain', 'the label of a source'),
        said(
          'tokens',
          'counted where the recipe tokenises; estimated: GPT-2 tokens from counts of letters and marks, a sum is ' +
            'off by up to 7 % for English and by 20 to 40 % for other languages; – where no step measured them',
        ),
        said('low, high, ratio', '95 % interval of a share (Wilson), and the share over that of all documents'),
      ],
    ],
    ['Reflections on data', asked('Open questions', 'What you would do otherwise')],
  ];
  return {
    format: CARD_FORMAT,
    name: run.name,
    made: run.finishedAt ?? run.startedAt,
    run: { ...run.hashes, commits: await commitsHash(folder.path) },
    redacted: redact,
    sections: sections.map(([title, fields]) => ({ title, fields })),
  };
}

const asked = (...names: readonly string[]): CardField[] => names.map((name) => ({ name }));

async function answer(db: RunDatabase, sql: string, redact: boolean): Promise<CardTable> {
  const result = await query(db, sql);
  const columns = result.columnNames();
  const rows: Plain[][] = [];
  for await (const part of result.yieldRows()) for (const row of part) rows.push(row.map(plain));
  if (!redact) return { columns, rows };
  const shown = columns.flatMap((c, i) => (PRIVATE.includes(c) ? [] : [i]));
  return { columns: shown.map((i) => columns[i]), rows: rows.map((row) => shown.map((i) => row[i])) };
}

async function commitsHash(run: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(run, 'commits.jsonl')))
    .digest('hex');
}
