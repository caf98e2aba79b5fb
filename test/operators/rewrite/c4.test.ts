import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { annotate } from '../../../src/operators/annotate.ts';
import { textStatistics } from '../../../src/operators/annotators/index.ts';
import { drop, rule } from '../../../src/operators/drop.ts';
import { stage as dropStage } from '../../../src/operators/drop-stage.ts';
import { c4 } from '../../../src/operators/rewrite/c4.ts';
import { dolmaC4 } from '../../../src/operators/rewrite/c4-dolma.ts';
import { stage as c4Stage } from '../../../src/operators/rewrite/c4-stage.ts';
import { cutsOfRow } from '../../../src/operators/rewrite/cut-spans.ts';
import { LINE_END } from '../../../src/operators/rewrite/line-rewrite.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt } from '../../../src/streams/batch/columns.ts';
import type { Operator } from '../../../src/streams/operator.ts';
import { batchOf } from '../../helpers/batches.ts';
import { digestOf, readFixture, readOracle } from '../../helpers/profiles.ts';

const kernel = await loadKernel();
const apply = (operator: Operator, batch: DocumentBatch): DocumentBatch =>
  c4Stage(operator.descriptor, { kernel, services: null, load: () => Promise.reject(new Error('none')) }).apply(
    batch,
  ) as DocumentBatch;
const few = { minSentences: 0 } as const;
const reasonOf = (batch: DocumentBatch, row = 0): string | null => {
  const v = batch.verdicts.at(-1)!;
  return v.rule[row] < 0 ? null : v.rules[v.rule[row]].name;
};
/** What each cut took, in order. */
const cutsOf = (batch: DocumentBatch, original: string, row = 0): [string, string][] =>
  cutsOfRow(batch.cuts, row).map((c) => [c.rule, Buffer.from(original).subarray(c.start, c.end).toString()]);

describe('c4()', () => {
  const page = [
    'Home | About',
    'The gate was closed at noon, so they said.',
    '',
    '  He asked [3] "why?" [12]',
    'Nobody knew the answer ...',
    'Enable JavaScript to go on reading this.',
    'By reading on you accept our Cookie Policy.',
    'Come in.',
    'Ära ütle “nii”, he said.',
    'Imprint',
    '',
  ].join('\n');

  it('cuts lines whole and says why, in bytes of the original', () => {
    const batch = apply(c4(few), batchOf([page]));
    expect(batch.text(0)).toBe(
      'The gate was closed at noon, so they said.\nHe asked  "why?" \nÄra ütle “nii”, he said.',
    );
    expect(cutsOf(batch, page)).toEqual([
      ['c4_no_terminal_punct', 'Home | About\n'],
      ['c4_white_space', '\n  '],
      ['c4_citation', '[3]'],
      ['c4_citation', '[12]'],
      ['c4_no_terminal_punct', 'Nobody knew the answer ...\n'],
      ['c4_javascript', 'Enable JavaScript to go on reading this.\n'],
      ['c4_policy', 'By reading on you accept our Cookie Policy.\n'],
      ['c4_few_words', 'Come in.\n'],
      ['c4_white_space', '\n'],
      ['c4_no_terminal_punct', 'Imprint\n'],
    ]);
    expect(['c4_lines', 'c4_kept_lines', 'c4_sentences'].map((c) => numberAt(batch.number(c), 0))).toEqual([9, 3, 3]);
  });

  it('counts sentences in what is left, and drops documents with too few', () => {
    const five = 'It rained. It snowed. It hailed. It blew hard. It stopped.';
    const batch = apply(
      c4(),
      batchOf([five, `${five.slice(0, -12)}\nIt stopped`, `Go {home} now. ${five}`, `${five}\nSo lorem IPSUM.`]),
    );
    expect([0, 1, 2, 3].map((row) => reasonOf(batch, row))).toEqual([
      null,
      'c4_min_sentences',
      'c4_curly_bracket',
      'c4_lorem_ipsum',
    ]);
    expect([...batch.verdicts[0].value]).toEqual([Number.NaN, 4, 1, 1]);
    expect([...batch.alive]).toEqual([1, 0, 0, 0]);
    expect([numberAt(batch.number('c4_sentences'), 1), numberAt(batch.number('c4_curly_bracket'), 2)]).toEqual([4, 1]);
  });

  it('drops a document of which no line is left, with its text unchanged', () => {
    const batch = apply(c4(few), batchOf(['Home\nAbout', '', ' \n ']));
    expect([0, 1, 2].map((row) => reasonOf(batch, row))).toEqual(['c4_empty', 'c4_empty', 'c4_empty']);
    expect([batch.text(0), cutsOfRow(batch.cuts, 0)]).toEqual(['Home\nAbout', []]);
  });

  it('leaves other domains and dropped rows alone', () => {
    const before = batchOf([
      { text: 'Home', domain: 'code' },
      { text: 'Home', domain: 'web' },
    ]);
    const batch = apply(c4({ ...few, where: { domain: ['web'] } }), before.with({ alive: new Uint8Array([1, 0]) }));
    expect([batch.text(0), [...batch.verdicts[0].judged], numberAt(batch.number('c4_lines'), 0)]).toEqual([
      'Home',
      [0, 0],
      null,
    ]);
  });

  it('takes options by --set and refuses unknown ones', () => {
    const step = c4().set('min_sentences', 3).set('terminal_punct', false);
    expect(step.descriptor.options).toMatchObject({ minSentences: 3, terminalPunct: false });
    expect(step.descriptor.rules.find((r) => r.name === 'c4_min_sentences')?.threshold).toBe(3);
    expect(() => c4().set('min_sentence', 3)).toThrow(/Did you mean minSentences\?/);
    expect(() => c4({ citation: true } as never)).toThrow(/got the option citation. Did you mean citations\?/);
    expect(c4({ profile: 'datatrove' }).descriptor.rules.map((r) => r.name)).toEqual([
      'lorem_ipsum',
      'curly_bracket',
      'too_few_sentences',
      'c4_empty',
    ]);
    expect(c4({ profile: 'dolma' }).descriptor.rules.map((r) => r.name)).toEqual(['c4_empty']);
  });

  it('makes older annotations stale, until they are computed again', async () => {
    const scores = annotate(textStatistics(), { step: 'scores' });
    const scored = await (await makeStage(scores.descriptor, kernel)).apply(batchOf([page]));
    const batch = apply(c4(few), scored);
    const judge = dropStage(drop('length', [rule('text_chars < 5')]).descriptor);
    expect(() => judge.apply(batch)).toThrow(/from before a rewrite/);
    const again = await (await makeStage(scores.descriptor, kernel)).apply(batch);
    expect([...again.stale]).toEqual([]);
    expect(numberAt(again.number('text_chars'), 0)).toBe(Array.from(batch.text(0)).length);
    expect([batch.textVersion, (await judge.apply(again)).alive[0]]).toEqual([1, 1]);
  });

  it('a second rewrite still gives places in the original text', () => {
    const first = apply(c4({ ...few, terminalPunct: false, minWordsPerLine: 2 }), batchOf([page]));
    const second = apply(c4({ ...few, step: 'again' }), first);
    const spans = cutsOfRow(second.cuts, 0);
    let left = '';
    let at = 0;
    for (const { start, end } of [...spans, { start: Buffer.byteLength(page), end: 0 }]) {
      left += Buffer.from(page).subarray(at, start).toString();
      at = end;
    }
    expect(left).toBe(second.text(0));
    expect([second.textVersion, second.originalText]).toEqual([2, first.originalText]);
  });
});

describe('what a rewrite keeps and cuts is the whole text', () => {
  const line = fc.constantFrom(
    'The İ gate.',
    'Home',
    '',
    '  ',
    'a\u2028b c d.',
    'x\r',
    'Javascript is on here.',
    '🐎 got home today.',
    '[3] It was so [edit].',
    'é',
    '{',
    'lorem ipsum',
  );
  const text = fc.array(line, { maxLength: 9 }).map((l) => l.join('\n'));
  it.each(['sluice', 'datatrove', 'dolma'] as const)('%s', (profile) => {
    const step = c4({ profile, terminalPunct: true } as never);
    const loose = profile === 'dolma' ? step : step.set('min_sentences', 0);
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        const batch = apply(loose, batchOf(texts));
        texts.forEach((t, i) => {
          const bytes = Buffer.from(t);
          const spans = cutsOfRow(batch.cuts, i);
          const cut = spans.reduce((sum, s) => sum + s.end - s.start - (s.rule === LINE_END ? 1 : 0), 0);
          expect(Buffer.byteLength(batch.text(i)) + cut).toBe(bytes.length);
          for (const s of spans)
            expect(Buffer.from(bytes.subarray(s.start, s.end).toString())).toEqual(bytes.subarray(s.start, s.end));
          if (batch.alive[i] === 0) expect(spans).toEqual([]);
        });
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});

describe('dolmaC4(), against dolma 1.2', () => {
  interface Oracle {
    readonly kept_without_unended: string;
    readonly kept_without_short: string;
    readonly javascript_lorem_curly: readonly boolean[];
  }
  const texts = new Map(readFixture<{ id: string; text: string }>('profiles/texts.json').map((t) => [t.id, t.text]));
  const off = { terminalPunct: false, minWordsPerLine: 0, loremIpsum: false, javascript: false, curlyBracket: false };
  it.each(readOracle<Oracle>('profiles/dolma.json'))('$id', (row) => {
    const text = texts.get(row.id)!;
    expect(digestOf(dolmaC4(text, { ...off, terminalPunct: true }).text)).toBe(row.kept_without_unended);
    expect(digestOf(dolmaC4(text, { ...off, minWordsPerLine: 3 }).text)).toBe(row.kept_without_short);
    const reasons = [{ javascript: true }, { loremIpsum: true }, { curlyBracket: true }].map(
      (o) => dolmaC4(text, { ...off, ...o }).reason !== null,
    );
    expect(reasons).toEqual(row.javascript_lorem_curly);
  });
});
