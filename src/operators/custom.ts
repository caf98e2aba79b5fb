import * as z from 'zod';
import { parseOptions } from '../options.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { numberAt, stringAt } from '../streams/batch/columns.ts';
import type { Rule } from '../streams/batch/outcome.ts';
import { parallel } from '../streams/flow/parallel.ts';
import { type Operator, rowsInScope, type Scope, type StepDescriptor } from '../streams/operator.ts';
import { operatorOf, type Pipe, stepDescriptor, stepOptions } from './operator.ts';
import { noOption } from './settings.ts';
import { withVerdict } from './verdicts.ts';

/** One document as a closure sees it; values are decoded when they are asked for. */
export interface DocumentView {
  readonly id: string;
  readonly text: string;
  readonly domain: string;
  /** Parsed metadata. */
  readonly metadata: unknown;
  /** An annotation, or null. */
  value(column: string): number | null;
}

/** True keeps a document, false drops it. */
export type Predicate = (document: DocumentView) => boolean | Promise<boolean>;

const customArguments = z.object({
  name: z.string('a snake_case name').regex(/^[a-z][a-z0-9_]*$/, 'a snake_case name'),
  version: z.int(),
  keep: z.custom<Predicate>((value) => typeof value === 'function', 'a function of a document'),
});

const customOptions = z.strictObject({ where: stepOptions.shape.where });

/**
 * A predicate of your own, run on the main thread: convenient, and slower than a rule on columns. Change `version` when
 * you change what it means: a run made with another version does not resume. Drops: rule = `name`.
 */
export function custom(name: string, version: number, keep: Predicate, options: { where?: Scope } = {}): Operator {
  parseOptions(customArguments, { name, version, keep }, 'custom()');
  const { where } = parseOptions(customOptions, options, `custom ${name}`);
  const rule: Rule = { name, version, column: name, comparison: '==', threshold: 0, onNull: 'pass', option: name };
  const descriptor = stepDescriptor({
    step: name,
    stage: 'custom',
    versions: [`${name}@${version}`],
    effects: { drops: 'predicate' },
    where,
    rules: [rule],
  });
  const pipe = (): Pipe => parallel(name, (batch) => applyPredicate(batch, descriptor, keep), { concurrency: 1 });
  const set = (option: string): never => {
    throw noOption([], name, option);
  };
  return operatorOf(descriptor, set, pipe);
}

async function applyPredicate(batch: DocumentBatch, d: StepDescriptor, keep: Predicate): Promise<DocumentBatch> {
  const scope = rowsInScope(batch, d.where);
  const rule = new Int16Array(batch.rows).fill(-1);
  const value = new Float64Array(batch.rows).fill(Number.NaN);
  for (let i = 0; i < batch.rows; i++) {
    if (scope[i] === 0 || (await keep(viewOf(batch, i)))) continue;
    rule[i] = 0;
    value[i] = 0;
  }
  const failed = Uint32Array.from(rule, (r) => (r === 0 ? 1 : 0));
  return withVerdict(batch, {
    step: d.step,
    rules: d.rules,
    judged: scope.slice(),
    rule,
    value,
    failed,
    failedWords: 1,
  });
}

function viewOf(batch: DocumentBatch, row: number): DocumentView {
  const string = (name: string): string => stringAt(batch.utf8(name), row) ?? '';
  return {
    get id() {
      return string('id');
    },
    get text() {
      return string('text');
    },
    get domain() {
      return string('domain');
    },
    get metadata() {
      return JSON.parse(string('metadata') || '{}') as unknown;
    },
    value: (column) => numberAt(batch.number(column), row),
  };
}
