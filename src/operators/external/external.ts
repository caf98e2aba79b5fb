import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { DOCUMENT_COLUMNS } from '../../streams/batch/batch.ts';
import type { ColumnSpec, ColumnType } from '../../streams/batch/columns.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import type { Operator, StepDescriptor } from '../../streams/operator.ts';
import { operator, type StepOptions } from '../operator.ts';
import { OTHER_REASON } from './answers.ts';
import { argvOf, filesOf, nameOf } from './command.ts';
import { externalPipe } from './external-pipe.ts';

const name = z.string('a snake_case name').regex(/^[a-z][a-z0-9_]*$/, 'a snake_case name');
/** Names that an answer has of its own. */
const TAKEN = ['row', 'error', 'keep', 'reason', 'created', ...DOCUMENT_COLUMNS.map((c) => c.name)];
const types = ['utf8', 'int32', 'uint32', 'int64', 'float64'] as const satisfies readonly ColumnType[];

const columns = z
  .record(z.string(), z.enum(types))
  .refine(
    (given) => Object.keys(given).every((n) => /^[a-z][a-z0-9_]*$/.test(n) && !TAKEN.includes(n)),
    `snake_case names other than ${TAKEN.join(', ')}`,
  )
  .default({});

const options = z.strictObject({
  /** Version of what the filter means: raise it when that changes and its script does not. */
  version: z.int().min(1).default(1),
  /** Columns that it writes, with their types; null for a document that it does not judge. */
  columns,
  /** Reasons for a drop that are rules of their own in the ledger, `<as>_<reason>`; any other is the rule `<as>`. */
  reasons: z.array(name).default([]),
  /** Columns that it is sent; annotations of the steps before it may be among them. */
  reads: z.array(z.string().min(1)).min(1).default(['id', 'text', 'domain', 'metadata']),
  /** May drop documents. */
  drops: z.boolean().default(true),
  /** May change `text`. */
  rewrites: z.boolean().default(false),
  /** May make documents. */
  creates: z.boolean().default(false),
  /** Prefix of its rules and of `_verdict` and `_reason`. Default: the name of the script. */
  as: name.optional(),
  /** Documents that it is asked about at once, at most. */
  batchRows: z.int().min(1).max(65_536).default(256),
  /** Seconds for each request; then the process is ended and the document at fault is looked for. */
  timeoutSeconds: z.number().positive().max(1e6).default(60),
  /** Seconds until a process is ready, with what it loads. */
  startSeconds: z.number().positive().max(1e6).default(60),
  /** Processes at most. Default: as many as there are workers. */
  processes: z.int().min(1).max(256).nullable().default(null),
  /** Bytes that one process may hold before it is ended; as many are started as fit the memory of the run. */
  memory: z.int().min(1e6).default(2e9),
});

const all = options.extend({ command: z.array(z.string()) });

export type ExternalInput = z.input<typeof options> & StepOptions;

/** Decide no byte of the output, so that a run goes on when they have changed. */
const FREE = ['batchRows', 'timeoutSeconds', 'startSeconds', 'processes', 'memory'] as const;

const asOf = (o: z.output<typeof all>): string => o.as ?? nameOf(o.command);

const make = operator({
  call: 'external()',
  name: asOf,
  stage: 'external',
  options: all,
  versions: (o) => ['external@1', `${asOf(o)}@${o.version}`],
  effects: ({ columns, drops, rewrites, creates }) => ({
    ...((drops || Object.keys(columns).length > 0) && { annotates: true }),
    ...(drops && { drops: 'thresholds' as const }),
    ...(rewrites && { rewrites }),
    ...(creates && { creates }),
  }),
  describe(o, step) {
    const as = asOf(o);
    const columns: ColumnSpec[] = Object.entries(o.columns).map(([n, type]) => ({ name: n, type }));
    if (columns.length === 0 && !o.drops && !o.rewrites && !o.creates) {
      throw new ConfigError({
        expected: 'a filter that does something',
        got: 'drops: false, and nothing else',
        where: step,
      });
    }
    const own = new Set(DOCUMENT_COLUMNS.map((c) => c.name));
    const verdict: ColumnSpec[] = [
      { name: `${as}_verdict`, type: 'int32' },
      { name: `${as}_reason`, type: 'utf8' },
    ];
    return {
      options: { ...o, as, columns, files: filesOf(o.command) } as unknown as StepDescriptor['options'],
      places: [...FREE],
      reads: o.reads.filter((n) => !own.has(n)),
      writes: [...columns, ...(o.drops ? verdict : [])],
      rules: o.drops ? rulesOf(as, o.reasons) : [],
      external: true,
    };
  },
  pipe: externalPipe,
});

const rulesOf = (as: string, reasons: readonly string[]): Rule[] => {
  const rule = (of: string, threshold: number): Rule => ({
    name: of,
    version: 1,
    column: `${as}_verdict`,
    comparison: '==',
    threshold,
    onNull: 'pass',
    option: of,
  });
  return [...reasons.map((reason, i) => rule(`${as}_${reason}`, i + 1)), rule(as, OTHER_REASON)];
};

/**
 * A filter of your own in any language: a program that reads record batches of documents from standard input and writes
 * one record batch for each to standard output, both as Arrow IPC streams (docs/external.md; in Python
 * `from sluice_filter import filter`). Several processes of it run at once and are started again when they end; a
 * document of which it reports an error, or on which it hangs, ends or answers wrongly, also when it is asked about
 * alone, goes to quarantine. No shell reads the command, and no text of a document is ever part of one. What it says of
 * a document must depend on that document alone.
 *
 * Writes `columns`, and where it drops `<as>_verdict` (0 = keep, 1 and on = the `reasons`, -1 = another) and
 * `<as>_reason`. The hashes of the script files that the command names are in the descriptor: a run does not go on with
 * another script, or another `version`. Errors: ConfigError for a command that is none, that cannot be started or whose
 * answers have other columns than declared; InputError for one that never answers.
 */
export function external(run: string | readonly string[], given: ExternalInput = {}): Operator {
  return make({ ...given, command: argvOf(run, 'external()') });
}
