import { describe, expect, it } from 'vitest';
import { execute } from '../../../../src/operators/rewrite/refine/execute.ts';
import { headOf, lineChunks } from '../../../../src/operators/rewrite/refine/line-chunks.ts';
import { lineModelProgram, loadLineModel } from '../../../../src/operators/rewrite/refine/line-model.ts';
import { parseProgram, saysDrop } from '../../../../src/operators/rewrite/refine/program.ts';
import {
  repeatedLines,
  ruleDocumentProgram,
  ruleProgram,
} from '../../../../src/operators/rewrite/refine/rule-writer.ts';

const words = (n: number, word = 'word'): string => Array.from({ length: n }, (_, i) => `${word}${i}`).join(' ');
const TEXT = [`Menu Home`, words(12), 'Click here', words(12, 'more')].join('\n');

/** The text that the cuts make of another. */
function applied(text: string, cuts: ReturnType<typeof execute>['cuts']): string {
  let [out, at] = ['', 0];
  for (const { start, end, insert = '' } of cuts) {
    out += text.slice(at, start) + insert;
    at = end;
  }
  return out + text.slice(at);
}

const run = (text: string, ...programs: string[]) => {
  const result = execute(text, programs.map(parseProgram));
  if (result.verdict === 'refined') expect(applied(text, result.cuts)).toBe(result.text);
  return result;
};

describe('a program', () => {
  it.each<[string, unknown[], number]>([
    ['remove_lines(0, 2)', [{ call: 'remove_lines', start: 0, end: 2 }], 0],
    ['remove_lines(line_start=3, line_end=007)', [{ call: 'remove_lines', start: 3, end: 7 }], 0],
    ['remove_lines([004])', [{ call: 'remove_lines', start: 4, end: 4 }], 0],
    ['remove_lines(all)', [{ call: 'remove_all' }], 0],
    ['keep_chunk()', [{ call: 'keep' }], 0],
    ['normalize("a", "b")', [{ call: 'normalize', source: 'a', target: 'b' }], 0],
    ["normalize('a')", [{ call: 'normalize', source: 'a', target: '' }], 0],
    ['normalize(source_str="x, y", target_str="z, (w)")', [{ call: 'normalize', source: 'x, y', target: 'z, (w)' }], 0],
    ['normalize("say \\"hi\\"", "it\'s")', [{ call: 'normalize', source: 'say "hi"', target: "it's" }], 0],
    ['normalize(bare, other)', [{ call: 'normalize', source: 'bare', target: 'other' }], 0],
    ['normalize(a, b, c)', [], 1],
    ['remove_lines(2, x)', [], 1],
    ['remove_lines(-1, 2)', [], 1],
    ['remove_lines(1, 2', [], 1],
    ['delete_all()', [], 1],
    ['no calls at all', [], 0],
    [
      'Sure:\nremove_lines(1, 1)\nnormalize("a", "")\n',
      [
        { call: 'remove_lines', start: 1, end: 1 },
        { call: 'normalize', source: 'a', target: '' },
      ],
      0,
    ],
  ])('%s', (text, operations, malformed) => {
    expect(parseProgram(text)).toEqual({ operations, malformed });
  });

  it('of a document drops it when drop is in it', () => {
    expect([saysDrop('drop_doc()'), saysDrop('keep_doc()'), saysDrop('I would drop it')]).toEqual([true, false, true]);
  });
});

describe('the executor', () => {
  it('removes lines of every chunk, both ends included', () => {
    const r = run(TEXT, 'remove_lines(0, 0)', 'remove_lines(2, 2)');
    expect(r).toMatchObject({ verdict: 'refined', text: `${words(12)}\n${words(12, 'more')}`, errors: 0, words: 24 });
    expect(r.cuts.map((c) => [TEXT.slice(c.start, c.end), c.rule])).toEqual([
      ['Menu Home\n', 'refine_remove_lines'],
      ['\nClick here', 'refine_remove_lines'],
    ]);
  });

  it('replaces in the whole text, whichever chunk says so, before lines are counted', () => {
    const r = run(TEXT, 'remove_lines(0, 0)\nnormalize("word3", "w, 3")', 'normalize("Menu Home\\n", "")');
    // One line less: line 0 is now the one after the menu, and it goes.
    expect(r.text).toBe(`Click here\n${words(12, 'more')}`);
    const all = run(TEXT, 'normalize("o", "0")');
    expect(all.text).toBe(TEXT.replaceAll('o', '0'));
    expect(all.cuts.every((c) => c.insert === '0' && c.rule === 'refine_normalize')).toBe(true);
  });

  it('replaces what a replacement put there', () => {
    const r = run(TEXT, 'normalize("word1 ", "AB ")', 'normalize("B w", "C-w")');
    expect(r.text).toBe(TEXT.replace('word1 ', 'AB ').replace('B w', 'C-w'));
  });

  it('keeps the text with two errors, and not with one', () => {
    expect(run(TEXT, 'remove_lines(0, 0)\nremove_lines(9, 9)')).toMatchObject({ verdict: 'refined', errors: 1 });
    expect(run(TEXT, 'remove_lines(0, 0)\nremove_lines(9, 9)\nbad(1)')).toMatchObject({
      verdict: 'original',
      text: TEXT,
      cuts: [],
      errors: 2,
    });
  });

  it('drops a text of which hardly anything is left, unless there are two errors', () => {
    const long = `${words(500)}\n${words(11, 'left')}`;
    expect(run(long, 'remove_lines(0, 0)')).toMatchObject({ verdict: 'drop', words: 11 });
    expect(run(long, 'remove_lines(0, 0)\nbad()\nbad()')).toMatchObject({ verdict: 'original' });
    expect(run(`${words(500)}\n${words(27, 'left')}`, 'remove_lines(0, 0)')).toMatchObject({ verdict: 'refined' });
  });

  it('drops a text of ten words or fewer whatever the errors', () => {
    expect(run(`${words(30)}\n${words(10, 'left')}`, 'remove_lines(0, 0)\nbad()\nbad()')).toMatchObject({
      verdict: 'drop',
      words: 10,
    });
    expect(run(words(11), 'keep_chunk()')).toMatchObject({ verdict: 'refined', cuts: [] });
    expect(run(words(40), 'remove_lines(all)')).toMatchObject({ verdict: 'drop', words: 0 });
  });

  it('does nothing for an empty source, and counts one that is not there', () => {
    expect(run(TEXT, 'normalize("", "x")')).toMatchObject({ text: TEXT, errors: 0, unused: 0 });
    expect(run(TEXT, 'normalize("absent", "x")')).toMatchObject({ text: TEXT, errors: 0, unused: 1 });
  });

  it('keeps its cuts right for any program', () => {
    let seed = 7;
    const below = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % n;
    };
    for (let i = 0; i < 300; i++) {
      const text = Array.from({ length: 12 }, () => words(3 + below(4), 'ab'[below(2)])).join('\n');
      const calls = Array.from({ length: 4 }, () => {
        if (below(2) === 0) return `remove_lines(${below(6)}, ${below(13)})`;
        const target = ['', 'a', 'xyz', '\\n'][below(4)];
        return `normalize("${['a1', ' ', 'b', '\\n', 'x'][below(5)]}", "${target}")`;
      });
      run(text, calls.join('\n'));
    }
  });
});

describe('chunks of lines', () => {
  it('number lines over the whole document, and stay below their tokens', () => {
    const text = Array.from({ length: 30 }, (_, i) => `line ${i} ${words(8)}`).join('\n');
    const chunks = lineChunks(text, 100);
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.flatMap((c) => c.lines).join('\n')).toBe(text);
    expect(chunks[1].numbered.split('\n')[0]).toBe(
      `[${String(chunks[1].first).padStart(3, '0')}] ${chunks[1].lines[0]}`,
    );
    for (const c of chunks) expect(Buffer.byteLength(c.numbered)).toBeLessThanOrEqual(400);
    const huge = lineChunks(`a\n${words(500)}\nb`, 100);
    expect(huge.map((c) => c.first)).toEqual([0, 1, 2]);
    expect(headOf('\u00e9'.repeat(10), 2)).toBe('\u00e9'.repeat(4));
  });
});

it('the classifier of lines removes what looks like furniture, and leaves prose alone', () => {
  const lines = [
    'The river rose by two metres in the night, and the lower town was flooded.',
    'Click here to read more',
    'People were brought to the school on the hill, and nobody was hurt in the end.',
    'https://example.org/read/more',
    'The mayor thanked the fire brigade and the neighbours for their help.',
  ];
  const [chunk] = lineChunks(lines.join('\n'), 1500);
  expect(lineModelProgram(loadLineModel(), chunk, lines)).toBe('remove_lines(1, 1)\nremove_lines(3, 3)');
  const prose = lines.filter((_, i) => i % 2 === 0);
  expect(lineModelProgram(loadLineModel(), lineChunks(prose.join('\n'), 1500)[0], prose)).toBe('keep_chunk()');
});

describe('the annotator of rules', () => {
  const page = [
    'Home | News | Sport | Weather',
    'The river rose by two metres in the night, and the lower town was flooded.',
    'Click here to subscribe',
    'People were brought to the school on the hill. Nobody was hurt!!!!!!!!',
    'https://example.org/read/more',
    'The mayor thanked the fire brigade &amp; the neighbours.',
    '\u00a9 2024 The Daily Paper. All rights reserved.',
  ].join('\n');

  it('removes what is no content and repairs the rest', () => {
    const program = ruleProgram(lineChunks(page, 1500)[0], repeatedLines(page));
    expect(program.split('\n')).toEqual([
      'remove_lines(0, 0)',
      'remove_lines(2, 2)',
      'remove_lines(4, 4)',
      'remove_lines(6, 6)',
      'normalize("&amp;", "&")',
      'normalize("!!!!!!!!", "!")',
    ]);
    expect(run(page, program).text.split('\n').length).toBe(3);
  });

  it('leaves prose, headings and verse alone', () => {
    const prose = `The Old House\n\n${words(40)}.\n\nChapter Two\n\nIt rained.\n${words(20)}.`;
    expect(ruleProgram(lineChunks(prose, 1500)[0], repeatedLines(prose))).toBe('keep_chunk()');
    expect(ruleDocumentProgram(prose)).toBe('keep_doc()');
    expect(ruleDocumentProgram('0x1f 9948 22 // == 8832 [] 118,2 4%% 99\n88 77 66 55')).toBe('drop_doc()');
  });
});
