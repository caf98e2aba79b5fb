import { describe, expect, it } from 'vitest';
import { DATATROVE_C4, datatroveC4 } from '../../../src/operators/rewrite/c4-datatrove.ts';
import { LINE_END } from '../../../src/operators/rewrite/line-rewrite.ts';
import { digestOf, readFixture, readOracle } from '../../helpers/profiles.ts';

interface Oracle {
  readonly c4: string | null;
  readonly c4_kept: string | null;
  readonly c4_sentences: readonly number[];
  readonly c4_fineweb: string | null;
  readonly c4_fineweb_kept: string | null;
  readonly c4_fineweb_sentences: readonly number[];
}

const texts = new Map(readFixture<{ id: string; text: string }>('profiles/texts.json').map((t) => [t.id, t.text]));
const rows = readOracle<Oracle>('profiles/datatrove.json');

/** datatrove's own number of sentences, line after line. */
function counted(numbers: readonly number[]): () => number {
  let line = 0;
  return () => numbers[line++];
}

describe('datatroveC4, given the sentences of datatrove 0.10', () => {
  it.each(rows)('$id: same reason and same text', (row) => {
    const text = texts.get(row.id)!;
    const strict = datatroveC4(text, DATATROVE_C4, counted(row.c4_sentences));
    expect([strict.reason, strict.reason ? null : digestOf(strict.text)]).toEqual([row.c4, row.c4_kept]);
    const fineweb = datatroveC4(text, { ...DATATROVE_C4, terminalPunct: false }, counted(row.c4_fineweb_sentences));
    expect([fineweb.reason, fineweb.reason ? null : digestOf(fineweb.text)]).toEqual([
      row.c4_fineweb,
      row.c4_fineweb_kept,
    ]);
  });

  it.each(rows)('$id: what is kept and what is cut is the text', (row) => {
    const text = texts.get(row.id)!;
    for (const options of [
      DATATROVE_C4,
      { ...DATATROVE_C4, terminalPunct: false, minWordsPerLine: 0, minSentences: 0 },
    ]) {
      const { cuts, text: kept, reason } = datatroveC4(text, options, (l) => l.split('. ').length);
      if (reason) continue;
      const cutBytes = cuts.reduce((sum, c) => sum + Buffer.byteLength(text.slice(c.start, c.end)), 0);
      const added = cuts.filter((c) => c.rule === LINE_END).length;
      expect(Buffer.byteLength(kept) + cutBytes - added).toBe(Buffer.byteLength(text));
      cuts.forEach((c, i) => {
        expect(c.start).toBeGreaterThanOrEqual(i === 0 ? 0 : cuts[i - 1].end);
        expect(Buffer.from(text.slice(c.start, c.end)).toString()).toBe(text.slice(c.start, c.end));
      });
    }
  });
});

describe('datatroveC4', () => {
  const sentences = (line: string): number => line.split(/(?<=[.!?]) /).length;

  it('says which rule took what', () => {
    const text =
      'Home\nThe gate was closed [3] at noon.\n  He went home.  \nSo it was.\nTwo words.\nWe use cookies ' +
      'on this site.\nShe got back.\nIt rained.[edit] And how it did.\n';
    const { cuts, text: kept } = datatroveC4(text, DATATROVE_C4, sentences);
    expect(kept).toBe(
      'The gate was closed  at noon.\nHe went home.\nSo it was.\nShe got back.\nIt rained. And how it did.',
    );
    expect(cuts.map((c) => [c.rule, text.slice(c.start, c.end)])).toEqual([
      ['c4_no_terminal_punct', 'Home\n'],
      ['c4_citation', '[3]'],
      ['c4_white_space', '  '],
      ['c4_white_space', '  '],
      ['c4_few_words', 'Two words.\n'],
      ['c4_policy', 'We use cookies on this site.\n'],
      ['c4_citation', '[edit]'],
      ['c4_white_space', '\n'],
    ]);
  });

  it('keeps offsets in place after İ, whose lower case is two characters', () => {
    const text = 'İİİ and more than that.\nTurn javascript on, please.\nİ stays here with us.';
    const { cuts, text: kept } = datatroveC4(text, { ...DATATROVE_C4, minSentences: 0 }, sentences);
    expect(cuts.map((c) => text.slice(c.start, c.end))).toEqual(['Turn javascript on, please.\n']);
    expect(kept).toBe('İİİ and more than that.\nİ stays here with us.');
  });

  it('drops a document at its first bad line that is not cut', () => {
    const five = 'One is here. Two is here. Three is here. Four is here. Five is here.';
    expect(datatroveC4(`${five}\nLorem ipsum dolor`, DATATROVE_C4, sentences).reason).toBe(null);
    expect(datatroveC4(`${five}\nLorem Ipsum dolor.`, DATATROVE_C4, sentences).reason).toBe('lorem_ipsum');
    expect(datatroveC4(`${five}\nA {name} was here.`, DATATROVE_C4, sentences).reason).toBe('curly_bracket');
    expect(datatroveC4('One is here. Two is here.', DATATROVE_C4, sentences)).toMatchObject({
      reason: 'too_few_sentences',
      value: 2,
    });
  });
});
