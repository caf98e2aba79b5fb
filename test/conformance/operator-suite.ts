import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMPTY, firstValueFrom, lastValueFrom, map, NEVER, tap, throwError, toArray } from 'rxjs';
import { concatWith } from 'rxjs/operators';
import { ByteBudget, ConfigError, DocumentBatch, dedup, type Operator, pulled, readDocuments, recipe } from 'sluice';
import * as operators from 'sluice/operators';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trainNgram, writeNgram } from '../../src/models/ngram/index.ts';
import { leftovers, runChild, runHere } from '../faults/harness.ts';
import { generator, madeDocuments, spannedDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';
import { writeTokenizer } from '../helpers/tokenizers.ts';
import {
  conformanceRecipe,
  exportedFunctions,
  HELPERS,
  type OperatorCase,
  operatorCases,
  recipeOf,
} from './operator-cases.ts';
import {
  annotationsOf,
  chained,
  collect,
  inBatchesOf,
  type Outcome,
  openFiles,
  outcomesOf,
  ROOM,
  readAhead,
  type Step,
  settled,
  slice,
} from './streams.ts';

// One suite over every public operator. Made once: documents of every kind, a small model, indexes of an earlier run.
const folder = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Where operators put what they need for a time. */
const temporary = join(folder, 'temporary');
mkdirSync(temporary);
process.env.TMPDIR = temporary;

const documents = [...spannedDocuments(26, 11), ...madeDocuments(22, 12)].map((d, i) => ({
  ...d,
  id: `doc-${i}`,
  metadata: { ...d.metadata, ...(i % 5 !== 4 && { url: `https://www.example.com/page-${i % 17}?utm_source=${i}` }) },
}));
const corpus = join(folder, 'corpus');
await writeCorpus(corpus, documents);
/** For what takes its time with every document. */
const few = documents.slice(0, 28);
const fewCorpus = join(folder, 'few');
await writeCorpus(fewCorpus, few);
const ngram = join(folder, 'small.ngram');
await writeNgram(
  ngram,
  await trainNgram(['the mill and the wheel\nthe gate'], { split: 'words', order: 3, prune: [0] }),
);
copyFileSync(ngram, `${ngram}.copy`);
const tokenizer = writeTokenizer(join(folder, 'small.json'), 'gpt4-whole');
writeTokenizer(`${tokenizer}.copy`, 'gpt2');
const earlier = join(folder, 'earlier');
await runToEnd(
  recipe({
    name: 'earlier',
    steps: [
      dedup.exact({ saveIndex: true }),
      dedup.url({ saveIndex: true }),
      dedup.bloom({ expectedKeys: 2000, saveIndex: true }),
      dedup.minhash({ saveIndex: true }),
    ],
  }),
  { input: [join(corpus, '*.jsonl')], output: earlier, workers: 1 },
);
const [all] = await lastValueFrom(readDocuments(corpus).pipe(toArray()));

const files = {
  questions: new URL('../fixtures/questions.jsonl', import.meta.url).pathname,
  ngram,
  tokenizer,
  indexes: join(earlier, 'indexes'),
};
export const cases = operatorCases(files);
/** Two files, for two cores: the first has as many cases as take the time of the others, with models, in the second. */
export const FIRST = 40;
const snake = (camel: string): string => camel.replace(/[A-Z]|\d+/g, (c) => `_${c.toLowerCase()}`);

/** What an operator is given: documents with what the steps before it write. */
const inputs = new Map<string, Promise<DocumentBatch>>();
function inputOf({ name, before, documents: few = all.rows }: OperatorCase): Promise<DocumentBatch> {
  const known = inputs.get(name);
  if (known) return known;
  const first = slice(all, 0, few, 0);
  const made = before ? collect([first], chained(before())).then(([batch]) => batch) : Promise.resolve(first);
  inputs.set(name, made);
  return made;
}

/** Of `doc-12`, and of `doc-12+2.1`, which was made of it. */
const numberOf = (id: string): number => Number(/^doc-(\d+)/.exec(id)?.[1]);
const isMade = ({ id }: { readonly id: string }): boolean => id.includes('+');
const notMade = (o: { readonly id: string }): boolean => !isMade(o);

const sorted = (outcomes: readonly Outcome[]): Outcome[] =>
  [...outcomes].sort((a, b) => numberOf(a.id) - numberOf(b.id) || (a.id < b.id ? -1 : 1));

/** Only what the operator itself has written. */
const own = (outcomes: readonly Outcome[], { descriptor }: Operator): Outcome[] =>
  sorted(outcomes).map(({ annotations, ...rest }) => ({
    ...rest,
    annotations: Object.fromEntries(descriptor.writes.map(({ name }) => [name, annotations[name] ?? null])),
  }));

/** Floating-point sums of a model depend on what is computed beside what. */
const nearly = (outcome: Outcome): Outcome => ({
  ...outcome,
  annotations: Object.fromEntries(
    Object.entries(outcome.annotations).map(([name, value]) => [
      name,
      typeof value === 'number' ? expect.closeTo(value, 2) : value,
    ]),
  ),
});

/** Model runtimes keep files of their own in the temporary folder. */
const isOurs = (path: string): boolean => path.replace(temporary, '').includes('sluice-');

async function outcomesOfRun(steps: readonly Operator[], input: string, output: string): Promise<Outcome[]> {
  const { last } = await runToEnd(conformanceRecipe(steps), { input: [input], output, workers: 1 });
  expect(last.type).toBe('finished');
  const texts = new Map<string, string>();
  for (const row of await query(
    `SELECT id, text FROM read_json_auto('${output}/documents/*.jsonl', format='newline_delimited')`,
  ))
    texts.set(String(row.id), String(row.text));
  // The ledger has its own column of tokens, of 64 bits; a step that counts them writes 32.
  const rows = await query(`SELECT * REPLACE (tokens::INT AS tokens) FROM read_parquet('${output}/ledger/*.parquet')`);
  return rows.map((row) => ({
    id: String(row.id),
    rule: row.rule as string | null,
    text: texts.get(String(row.id)) ?? null,
    annotations: row as Outcome['annotations'],
  }));
}

/** What every operator promises, shown for some of the cases. */
export function operatorSuite(some: typeof cases): void {
  describe.each(some.map((c) => [c.name, c] as const))('%s', (_, given) => {
    const { make, settings } = given;
    const step = make();
    let input: DocumentBatch;
    beforeEach(async () => {
      input = await inputOf(given);
    });
    // After every test: no file, no folder.
    afterEach(async () => {
      expect(await settled(() => openFiles(temporary).filter(isOurs), [])).toEqual([]);
      expect(await settled(() => readdirSync(temporary).filter(isOurs), [])).toEqual([]);
    });

    it('gives the same in a plain pipe and in run()', async () => {
      const [read, from] = given.few ? [few, fewCorpus] : [documents, corpus];
      const piped = await lastValueFrom(
        readDocuments(from).pipe(chained([...(given.before?.() ?? []), step]), toArray()),
      );
      const output = join(folder, `run-${given.name.replaceAll(/\W+/g, '-')}`);
      const ran = await outcomesOfRun([...(given.before?.() ?? []), step], join(from, '*.jsonl'), output);
      const wanted = own(outcomesOf(piped), step);
      expect(own(ran, step)).toEqual(given.rounds ? wanted.map(nearly) : wanted);
      expect(ran.filter(notMade).length).toBe(read.length);
      expect(ran.some(isMade)).toBe(step.descriptor.effects.creates === true);
    });

    it('gives the same again, and in batches of one row', async () => {
      const first = own(outcomesOf(await collect(inBatchesOf(input, 7), step)), step);
      expect(own(outcomesOf(await collect(inBatchesOf(input, 7), step)), step)).toEqual(first);
      const single = own(outcomesOf(await collect(inBatchesOf(input, 1), step)), step);
      expect(single).toEqual(given.rounds ? first.map(nearly) : first);
      expect(first.filter(notMade).length).toBe(input.rows);
    });

    it('holds its source back, and itself, for a slow step behind it', async () => {
      const part = slice(input, 0, 2, 0);
      const { source, step: own, left, done } = await readAhead(part, 30, step);
      expect(done).toBe(30);
      const barrier = source === 30;
      expect(own).toBeLessThanOrEqual(ROOM + 2);
      if (!barrier) expect(source).toBeLessThanOrEqual(ROOM + 4);
      expect(left).toBe(0);
    });

    it('leaves nothing behind when it is left, before its first batch and after it', async () => {
      const budget = new ByteBudget(64e6, { stallMs: 20_000 });
      const batches = inBatchesOf(input, 2);
      let taken = 0;
      const reading = pulled(async function* () {
        yield* batches.slice(0, 3);
      }, budget).pipe(
        concatWith(NEVER),
        tap(() => taken++),
      );
      const waiting = reading.pipe(step).subscribe();
      await settled(() => taken, 3);
      waiting.unsubscribe();
      const source = pulled(async function* () {
        yield* batches;
      }, budget);
      await firstValueFrom(source.pipe(step));
      expect(await settled(() => budget.used, 0)).toBe(0);
    });

    it('hands an error of its source down once, and ends at an error of its consumer', async () => {
      const budget = new ByteBudget(64e6, { stallMs: 20_000 });
      const source = pulled(async function* () {
        yield* inBatchesOf(input, 2).slice(0, 3);
      }, budget);
      const errors: unknown[] = [];
      await new Promise<void>((resolve) => {
        source.pipe(concatWith(throwError(() => new Error('no more'))), step).subscribe({
          error: (error) => {
            errors.push(error);
            resolve();
          },
        });
      });
      const broken = source.pipe(
        step,
        map((): void => {
          throw new Error('broken consumer');
        }),
      );
      await expect(lastValueFrom(broken)).rejects.toThrow('broken consumer');
      expect(errors).toEqual([new Error('no more')]);
      expect(await settled(() => budget.used, 0)).toBe(0);
    });

    it('takes no documents, one, and those that are dead already', async () => {
      expect(await lastValueFrom(EMPTY.pipe(step, toArray()))).toEqual([]);
      const one = await collect([slice(input, 0, 1, 0)], step);
      expect(
        outcomesOf(one)
          .filter(notMade)
          .map((o) => o.id),
      ).toEqual(['doc-0']);
      const dead = slice(input, 0, 3, 0).with({ alive: new Uint8Array(3) });
      for (const batch of await collect([dead], step)) {
        expect(batch.aliveRows().length).toBe(0);
        expect(batch.verdicts.flatMap((v) => [...v.judged, ...v.rule])).toEqual(
          batch.verdicts.flatMap(() => [0, 0, 0, -1, -1, -1]),
        );
      }
    });

    it.each(Object.entries(settings))('set(%s) is what making it with that is', (option, value) => {
      const made = make({ [option]: value });
      expect(step.set(snake(option), value).descriptor).toEqual(made.descriptor);
      if (given.idle?.includes(option)) expect(made.descriptor).toEqual(step.descriptor);
      else expect(made.descriptor).not.toEqual(step.descriptor);
      expect(make().descriptor).toEqual(step.descriptor);
    });

    it('says what it can be set to', () => {
      let error: ConfigError | null = null;
      try {
        step.set('no_such_option', 1);
      } catch (e) {
        error = e as ConfigError;
      }
      expect(error).toBeInstanceOf(ConfigError);
      const known =
        /\((.*)\)/
          .exec(error?.parts.expected ?? '')?.[1]
          .split(', ')
          .filter(Boolean) ?? [];
      const variant = given.name.includes(', ') || step.descriptor.rules.length > 3;
      if (!variant) expect(known.map(snake).sort()).toEqual(Object.keys(settings).map(snake).sort());
    });

    it('writes the columns that it says, and needs no others than it says', async () => {
      const { reads, writes } = step.descriptor;
      const columns = new Map(
        [...input.columns].filter(([name]) => given.readsMore || reads.includes(name) || all.columns.has(name)),
      );
      const before = new Set(columns.keys());
      const out = await collect([new DocumentBatch({ ...input.parts(), columns })], step);
      for (const batch of out) {
        const added = annotationsOf(batch).filter((name) => !before.has(name));
        expect(added.map((name) => ({ name, type: batch.column(name).type }))).toEqual(writes);
      }
      expect(out.length).toBeGreaterThan(0);
    });

    it('leaves documents out of its scope as they are', async () => {
      const scoped = make({ where: { domain: ['code'] } });
      const out = await collect(inBatchesOf(input, 7), scoped);
      const domainOf = new Map(documents.map((d) => [d.id, d.metadata.domain]));
      const textOf = new Map(documents.map((d) => [d.id, d.text]));
      for (const batch of out) {
        outcomesOf([batch]).forEach(({ id, rule, text, annotations }, row) => {
          if (domainOf.get(`doc-${numberOf(id)}`) === 'code') return;
          expect([id, rule, text]).toEqual([id, null, textOf.get(id)]);
          expect(scoped.descriptor.writes.map(({ name }) => annotations[name])).toEqual(
            scoped.descriptor.writes.map(() => null),
          );
          expect(batch.verdicts.map((v) => v.judged[row])).toEqual(batch.verdicts.map(() => 0));
        });
      }
    });
  });
}

/** One or two of every kind of step: what annotates, a closure, drops, creates, rewrites, sees all first. */
/** That no operator is forgotten, runs that are killed, and what is no case of the table. */
export function othersSuite(): void {
  it('knows every exported function', () => {
    const named = cases.filter(({ own }) => !own).flatMap(({ name }) => name.split(', ')[0].split(' and '));
    expect(exportedFunctions().filter((f) => ![...named, ...HELPERS, 'select.streaming'].includes(f))).toEqual([]);
    expect(named.filter((f) => !exportedFunctions().includes(f))).toEqual([]);
  });

  const KILLED = [
    ['gopherRepetition', 'custom', 'tokenize', 'external'],
    ['partition', 'decontaminate, cut'],
    ['dedup.minhash', 'select.buckets'],
  ];

  describe.each(KILLED.map((names) => [names.join(' and '), names] as const))(
    '%s in a run that is killed',
    (_, names) => {
      it('ends with the bytes of one that nobody kills', async () => {
        const own = mkdtempSync(join(folder, 'killed-'));
        const module = join(own, 'recipe.ts');
        writeFileSync(
          module,
          `import { recipeOf } from ${JSON.stringify(join(import.meta.dirname, 'operator-cases.ts'))};
export default recipeOf(${JSON.stringify(names)}, ${JSON.stringify(files)});`,
        );
        const input = join(corpus, '*.jsonl');
        const whole = join(own, 'whole');
        await runToEnd(recipeOf(names, files), { input: [input], output: whole, workers: 1, shardSize: 16 * 1024 });
        const output = join(own, 'killed');
        const random = generator(KILLED.indexOf(names) + 1);
        for (const site of ['worker', 'main']) {
          const n = 2 + Math.floor(random() * 8);
          const end = await runChild({ recipe: module, input, output, faults: { root: output, mode: 'nth', site, n } });
          expect({ site, n, killed: end.killed }).toEqual({ site, n, killed: true });
        }
        await runHere({ recipe: module, input, output });
        expect(promisedBytes(output)).toEqual(promisedBytes(whole));
        expect(leftovers(output)).toEqual([]);
      });
    },
  );

  describe('select.streaming', () => {
    const select = (options: object = {}): Step =>
      operators.select.streaming({ column: 'text_chars', keep: 'high', rate: 0.5, warmUp: 10, ...options });
    const input = (): Promise<DocumentBatch> => inputOf(cases.find(({ name }) => name === 'select.byRank')!);

    it('gives the same again, and judges every document with a value', async () => {
      const batches = inBatchesOf(await input(), 7);
      const out = outcomesOf(await collect(batches, select()));
      expect(outcomesOf(await collect(batches, select()))).toEqual(out);
      expect(out.map(({ id }) => id)).toEqual(documents.map(({ id }) => id));
      expect(out.filter(({ rule }) => rule !== null).length).toBeGreaterThan(10);
    });

    it('holds its source back for a slow step behind it', async () => {
      const { source, step, left, done } = await readAhead(slice(await input(), 0, 2, 0), 30, select({ warmUp: 1 }));
      expect([left, done]).toEqual([0, 30]);
      expect(step).toBeLessThanOrEqual(ROOM + 2);
      expect(source).toBeLessThanOrEqual(ROOM + 4);
    });

    it('leaves documents out of its scope, and dead ones, as they are; takes none at all', async () => {
      const batch = await input();
      const dead = batch.with({ alive: new Uint8Array(batch.rows) });
      for (const { verdicts } of await collect([dead], select()))
        expect(verdicts.flatMap((v) => [...v.judged]).every((judged) => judged === 0)).toBe(true);
      for (const out of await collect([batch], select({ where: { domain: ['code'] } })))
        outcomesOf([out]).forEach(({ rule }, row) => {
          if (documents[row].metadata.domain === 'web') expect([rule, out.verdicts[0].judged[row]]).toEqual([null, 0]);
        });
      expect(await collect([], select())).toEqual([]);
    });
  });
}
