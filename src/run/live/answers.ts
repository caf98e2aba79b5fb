import { groupingsOf, ruleBias } from '../../ledger/bias/bias-data.ts';
import { documentsAt } from '../../ledger/documents-data.ts';
import { browse, type Wanted } from '../../ledger/live/browse.ts';
import { type ChoiceSizes, type ChosenDocument, chosenDocuments } from '../../ledger/live/choice.ts';
import { drawn, RUN_CURVES, runCurve } from '../../ledger/live/curves.ts';
import { documentView, MOST_BYTES } from '../../ledger/live/document-view.ts';
import { domainStates } from '../../ledger/live/domain-states.ts';
import { styleStates } from '../../ledger/live/generators.ts';
import { histogram } from '../../ledger/live/histogram.ts';
import { flowsOf } from '../../ledger/live/state.ts';
import { committedTotals } from '../../ledger/run-folder.ts';
import type { LiveSource } from '../../sinks/live/server.ts';
import { countsTokens } from '../../streams/batch/token-ids.ts';
import { numberIn, wholeIn, windowOf, wrong } from './query.ts';
import { RunReader } from './run-reader.ts';
import { whatIfAnswers } from './what-if-answers.ts';

/** Rules of which the page shows whom they hit, those that drop most; and groups of each, the hardest hit. */
const BIASED_RULES = 3;
const BIASED_GROUPS = 24;

export interface RunAnswers {
  readonly api: LiveSource['api'];
  /** Documents that show the run in little, for a page without a server. */
  readonly chosen: (sizes: ChoiceSizes) => Promise<ChosenDocument[]>;
  close(): Promise<void>;
}

/** Answers to questions about a run directory, which may be in work. @param path null while there is none yet */
export function runAnswers(path: () => string | null): RunAnswers {
  const reader = new RunReader(path);
  return {
    api: {
      run: () => reader.use(async ({ folder }) => folder.run),
      domains: () =>
        reader.use(async ({ folder }) =>
          domainStates(committedTotals(folder), Infinity, countsTokens(folder.run.schema.annotations)),
        ),
      flows: () =>
        reader.use(async ({ folder }) => {
          const steps = Object.entries(committedTotals(folder).steps);
          return Object.fromEntries(steps.map(([step, rules]) => [step, flowsOf(Object.values(rules), Infinity)]));
        }),
      curves: async () =>
        Object.fromEntries(Object.entries(RUN_CURVES).map(([k, { title, unit }]) => [k, { title, unit }])),
      curve: (query) =>
        reader.use(async ({ samples }) => {
          const name = query.get('name') ?? '';
          const known = Object.hasOwn(RUN_CURVES, name) ? RUN_CURVES[name] : null;
          if (known === null) throw wrong('name', `one of ${Object.keys(RUN_CURVES).join(', ')}`, name);
          const { all, endT } = await samples();
          const curve = runCurve(all, known, endT);
          const { from, to, pixels } = windowOf(query, curve.x);
          return { name, title: known.title, unit: known.unit, ...drawn(curve, from, to, pixels) };
        }),
      histogram: (query) =>
        reader.use(
          ({ folder, db }) =>
            histogram(folder, db, query.get('column') ?? '', {
              from: numberIn(query, 'from'),
              to: numberIn(query, 'to'),
              bins: Math.min(400, wholeIn(query, 'bins', 80)),
            }),
          'count',
        ),
      documents: (query) =>
        // Who looks at a list asks for one of it soon: the index is begun.
        reader.use(
          ({ folder, db, search, index }) => browse({ folder, db, search, index: index() }, wantedOf(query)),
          'search',
        ),
      document: async (query) => {
        const position = query.get('position');
        const most = Math.min(MOST_BYTES, wholeIn(query, 'bytes', MOST_BYTES));
        const [wanted, by] =
          position === null ? [query.get('id') ?? '', 'id or position' as const] : [position, 'position' as const];
        return reader.use(({ folder, db, index }) => documentView(folder, db, wanted, by, index(), most));
      },
      bias: () =>
        reader.use(async ({ folder, db }) => {
          const found = await ruleBias(db, groupingsOf(folder.run.schema.annotations), BIASED_RULES);
          return found.map(({ sql: _, groups, ...b }) => ({ ...b, groups: groups.slice(0, BIASED_GROUPS) }));
        }, 'count'),
      styles: () => reader.use(({ folder, db }) => styleStates(db, folder.steps), 'count'),
      rows: async (query) => {
        const rows = (query.get('rows') ?? '').split(',').filter(Boolean).map(Number);
        if (rows.length > 200 || !rows.every((n) => Number.isSafeInteger(n) && n >= 0))
          throw wrong('rows', 'up to 200 numbers of rows of the ledger', query.get('rows') ?? '');
        return reader.use(({ folder, db, index }) => documentsAt(folder, db, rows, index()));
      },
      ...whatIfAnswers(reader),
    },
    chosen: (sizes) => reader.use(({ folder, db }) => chosenDocuments(folder, db, sizes), 'count'),
    close: () => reader.close(),
  };
}

const wantedOf = (query: URLSearchParams): Wanted => ({
  text: query.get('text') || undefined,
  outcome: query.get('outcome') || undefined,
  domain: query.get('domain') ?? undefined,
  rule: query.get('rule') || undefined,
  near: query.get('near') || undefined,
  from: query.has('from') ? wholeIn(query, 'from', 0) : null,
  most: Math.min(200, wholeIn(query, 'most', 40)),
});
