import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, of, toArray } from 'rxjs';
import {
  ConfigError,
  type DocumentBatch,
  type ExternalInput,
  external,
  InputError,
  type Operator,
  recipe,
  run,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { numberAt, stringAt } from '../../../src/streams/batch/columns.ts';
import { batchOf } from '../../helpers/batches.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../../helpers/run.ts';

const script = new URL('../../fixtures/filters/arrow-filter.mjs', import.meta.url).pathname;
const columns = { length: 'int32' } as const;
const filter = (kind: string, options: ExternalInput = {}) =>
  external([process.execPath, script, ...kind.split(' ')], { columns, drops: false, as: 'mine', ...options });

async function through(step: Operator, texts: readonly string[]): Promise<DocumentBatch> {
  const [batch] = await lastValueFrom(of(batchOf(texts)).pipe(step, toArray()));
  return batch;
}
const numbers = (batch: DocumentBatch, name: string) =>
  Array.from({ length: batch.rows }, (_, row) => numberAt(batch.number(name), row));
const strings = (batch: DocumentBatch, name: string) =>
  Array.from({ length: batch.rows }, (_, row) => stringAt(batch.utf8(name), row));

describe('external()', () => {
  it('says what it is: the words of its command, hashes of its scripts, columns and rules', () => {
    const { descriptor } = external(`"${process.execPath}" '${script}' length`, {
      columns: { score: 'float64' },
      reasons: ['short'],
      reads: ['text', 'text_chars'],
      version: 4,
    });
    expect(descriptor).toMatchObject({
      step: 'arrow_filter',
      versions: ['external@1', 'arrow_filter@4'],
      effects: { annotates: true, drops: 'thresholds' },
      reads: ['text_chars'],
      external: true,
      options: {
        command: [process.execPath, script, 'length'],
        files: [{ name: 'arrow-filter.mjs', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      },
    });
    expect(descriptor.writes.map((w) => w.name)).toEqual(['score', 'arrow_filter_verdict', 'arrow_filter_reason']);
    expect(descriptor.rules.map((r) => [r.name, r.threshold])).toEqual([
      ['arrow_filter_short', 1],
      ['arrow_filter', -1],
    ]);
  });

  it.each([
    ['', 'expected a command'],
    ['cat | sh', 'no shell reads, got "|"'],
    ['python $HOME/f.py', 'got "$"'],
    ["python 'f.py", "a closing '"],
  ])('refuses the command %j', (command, message) => {
    expect(() => external(command)).toThrow(message);
  });

  it('refuses a filter that does nothing, and columns that an answer has of its own', () => {
    expect(() => external('python f.py', { drops: false })).toThrow('a filter that does something');
    expect(() => external('python f.py', { columns: { keep: 'int32' } })).toThrow(
      'columns: snake_case names other than row, error, keep',
    );
  });

  it('adds columns, whatever the order of the answers and the size of the requests', async () => {
    for (const kind of ['backwards', 'floods'])
      expect(
        numbers(await through(filter(kind, { batchRows: 2, processes: 2 }), ['a', 'bb', 'ccc']), 'length'),
      ).toEqual([1, 2, 3]);
  });

  it('judges: declared reasons are rules, others are told in a column', async () => {
    const texts = ['short', `loud! ${'x'.repeat(40)}`, 'long '.repeat(10)];
    const batch = await through(filter('verdicts', { drops: true, reasons: ['loud'] }), texts);
    expect([...batch.alive]).toEqual([1, 0, 0]);
    expect(numbers(batch, 'mine_verdict')).toEqual([0, 1, -1]);
    expect(strings(batch, 'mine_reason')).toEqual([null, 'loud', 'long: d2']);
    const [{ rule, rules }] = batch.verdicts;
    expect([...rule].map((r) => rules[r]?.name)).toEqual([undefined, 'mine_loud', 'mine']);
  });

  it('rewrites the part that differs, in whole characters, and makes documents', async () => {
    const batch = await through(filter('rewrites', { rewrites: true, creates: true }), [
      'né',
      'left|right',
      'as it is',
    ]);
    expect(strings(batch, 'text')).toEqual(['nê', 'left', 'right', 'as it is']);
    expect(strings(batch, 'id')).toEqual(['d0', 'd1', 'd1+1', 'd2']);
    expect(numbers(batch, 'length')).toEqual([2, 10, null, 8]);
    expect([...batch.made!]).toEqual([0, 0, 1, 0]);
    const { start, end, offsets, added } = batch.cuts!;
    expect([[...start], [...end], [...offsets], [...added!]]).toEqual([
      [1, 4],
      [3, 10],
      [0, 1, 2, 2, 2],
      [2, 0],
    ]);
  });

  it.each([
    ['DIE', 'ended with exit code 7'],
    ['HANG', 'no answer within 1 s'],
    ['SHORT', 'expected an answer for each of 1 documents, got 0: none for row 0'],
    ['TYPE', 'expected int32 in column length of its answer, got 0.5'],
  ])('finds the document at fault where a filter would %s', async (what, detail) => {
    const texts = ['one', `two ${what}`, 'three'].slice(0, what === 'SHORT' ? 3 : 2);
    const error = await through(filter('hostile', { timeoutSeconds: 1, processes: 1 }), texts).catch((e) => e);
    expect([error.name, error.documents]).toEqual([
      'FailedDocuments',
      [{ row: 1, detail: expect.stringContaining(detail) }],
    ]);
  });

  it('sets aside documents of which it reports an error, without another start', async () => {
    const folder = await temporaryFolder();
    const documents = Array.from({ length: 9 }, (_, i) => ({ id: `d${i}`, text: i % 4 === 1 ? 'ERROR' : `text ${i}` }));
    writeFileSync(join(folder, 'a.jsonl'), jsonLines(documents));
    const options = { input: [join(folder, 'a.jsonl')], output: join(folder, 'out'), workers: 1, memory: 256e6 };
    const { last } = await runToEnd(recipe({ name: 'r', steps: [filter('reports')] }), options);
    expect(last).toMatchObject({ type: 'finished', result: { totals: { kept: { documents: 7 } } } });
    const lines = readFileSync(join(folder, 'out/quarantine/part-00000-of-00001.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((l) => JSON.parse(l)).map((l) => [l.row, l.detail])).toEqual([
      [1, 'step mine: Oops: d1'],
      [5, 'step mine: Oops: d5'],
    ]);
    const records = readFileSync(join(folder, 'out/events.jsonl'), 'utf8').trim().split('\n');
    const [record] = records.map((l) => JSON.parse(l)).filter((l) => l.record === 'filter');
    expect(record).toMatchObject({ failed: 0, restarts: 0 });
  });

  it('gives up one that has an error for each of the first documents', async () => {
    const errors = (n: number): string[] => Array.from({ length: n }, (_, i) => `ERROR ${i}`);
    const error = await through(filter('reports'), errors(40)).catch((e) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain('an error for each of the first 40 documents; the last: Oops: d0');
    // Two of a rare kind may fail by chance.
    const two = await through(filter('reports'), errors(2)).catch((e) => e);
    expect(two.documents).toHaveLength(2);
  });

  it('answers all where no document is at fault: rows that are twice there only together', async () => {
    expect(numbers(await through(filter('hostile', { processes: 1 }), ['a TWICE', 'bb TWICE']), 'length')).toEqual([
      7, 8,
    ]);
  });

  it.runIf(existsSync('/proc/self/statm'))('ends one that holds more than it may', async () => {
    const step = filter('hostile', { memory: 200e6, processes: 1 });
    const error = await through(step, ['fine', 'HOG']).catch((e) => e);
    expect(error.documents).toEqual([
      { row: 1, detail: expect.stringMatching(/held \d+ MB, more than the 200 it may/) },
    ]);
  });

  it.each([
    [['no-such-program', 'x'], 'could not be started (ENOENT)'],
    [[process.execPath, script, 'endsAtOnce'], 'exit code 3; its last words: no module named words'],
    [[process.execPath, script, 'undeclared'], 'got extra too'],
    [[process.execPath, '-e', 'console.log("ready when you are")'], 'which begin with "ready'],
    [[process.execPath, '-e', 'setInterval(() => {}, 1e9)'], 'no answer within 0.5 s'],
  ])('ends the run for a filter that is none: %j', async (command, message) => {
    const step = external(command, { columns, drops: false, startSeconds: message.includes('0.5') ? 0.5 : 60 });
    const error = await through(step, ['a', 'b']).catch((e) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(message);
  });

  it('gives up one that never answers after two documents', async () => {
    const step = filter('silent', { timeoutSeconds: 0.3, processes: 1 });
    const error = await through(step, ['a', 'b', 'c', 'd']).catch((e) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain('no answer within 0.3 s');
  });

  it('is counted in a run, started again when it ends, and known by its script', async () => {
    const folder = await temporaryFolder();
    const documents = Array.from({ length: 12 }, (_, i) => ({ id: `d${i}`, text: i === 5 ? 'DIE' : `text ${i}` }));
    writeFileSync(join(folder, 'a.jsonl'), jsonLines(documents));
    const own = join(folder, 'own.mjs');
    writeFileSync(own, `import ${JSON.stringify(script)};\n`);
    const made = (kind: string) =>
      recipe({
        name: 'r',
        steps: [external([process.execPath, own, ...kind.split(' ')], { columns, batchRows: 4, drops: false })],
      });
    const options = { input: [join(folder, 'a.jsonl')], output: join(folder, 'out'), workers: 2, memory: 256e6 };
    const { last, events } = await runToEnd(made('hostile'), options);
    expect(last).toMatchObject({ type: 'finished', result: { totals: { kept: { documents: 11 } } } });
    const told = events.flatMap((e) => (e.type === 'filter' ? [[e.ended, e.status.processes]] : []));
    expect(told).toEqual([
      [false, 1],
      [true, 1],
    ]);
    const detail = expect.stringContaining('step own: it ended with exit code 7');
    const [quarantined] = readFileSync(join(folder, 'out/quarantine/part-00000-of-00001.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(quarantined)).toMatchObject({ row: 5, reason: 'step_failed', detail });
    const lines = readFileSync(join(folder, 'out/events.jsonl'), 'utf8').trim().split('\n');
    const [record] = lines.map((l) => JSON.parse(l)).filter((l) => l.record === 'filter');
    // Six requests; of the fourth three halves answer, and one document is tried twice; then all others again.
    expect(record).toMatchObject({ step: 'own', failed: 4, restarts: 4 });
    writeFileSync(own, `import ${JSON.stringify(script)};\n// Another.\n`);
    await expect(lastValueFrom(run(made('hostile'), options))).rejects.toThrow(/sha256 was .* is /);
    const tired = await runToEnd(made('tires 3'), { ...options, fresh: true });
    expect(tired.last).toMatchObject({ type: 'finished', result: { totals: { kept: { documents: 12 } } } });
  });
});
