import { beforeAll, describe, expect, it } from 'vitest';
import { C4_DEFAULTS, C4_LINE, type C4Options } from '../../src/kernels/c4.ts';
import { type Kernel, loadKernel } from '../../src/kernels/kernel.ts';
import { c4Document } from '../../src/kernels/reference/c4-lines.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await loadKernel();
});

/** Codes, flags and sentences of one text, by kernel and reference, which must agree on everything. */
function judge(text: string, options: C4Options = C4_DEFAULTS) {
  // A document before it, so that offsets do not start at 0.
  const { values, offsets } = utf8Column(['Some line [1] of its own.\n', text]);
  const got = kernel.c4Lines(values, offsets, 2, options);
  const want = c4Document(text, options);
  const from = got.lineOffsets[1];
  const citationsFrom = got.citationOffsets[1];
  expect(want.lines.map((l) => l.start)).toEqual(Array.from(got.start.subarray(from)));
  expect(want.lines.map((l) => l.end)).toEqual(Array.from(got.end.subarray(from)));
  expect(want.lines.map((l) => l.code)).toEqual(Array.from(got.code.subarray(from)));
  expect(want.citations.map((c) => c.start)).toEqual(Array.from(got.citationStart.subarray(citationsFrom)));
  expect(want.citations.map((c) => c.end)).toEqual(Array.from(got.citationEnd.subarray(citationsFrom)));
  expect([want.flags, want.sentences]).toEqual([got.flags[1], got.sentences[1]]);
  return { codes: want.lines.map((l) => l.code), ...want };
}

const { keep, long_word, no_terminal_punct, too_few_words, javascript, policy } = C4_LINE;

describe('c4 lines', () => {
  const cases: [string, string, number][] = [
    ['keeps a sentence', 'This is one.', keep],
    ['wants three tokens', 'Two tokens.', too_few_words],
    ['wants a mark at the end', 'No mark here', no_terminal_punct],
    ['takes a quote for a mark', 'He said "no"', keep],
    ['takes an apostrophe for a mark', "she said 'no'", keep],
    ['takes no other marks', 'he said “no”', no_terminal_punct],
    ['takes no ellipsis', 'and so on...', no_terminal_punct],
    ['takes two full stops', 'and so on..', keep],
    ['looks behind citation marks', 'a sentence ends.[12] [edit]', keep],
    ['joins what a citation mark parts', 'and so on..[1].', no_terminal_punct],
    ['counts words with citation marks', 'Two tokens. [1]', keep],
    ['leaves no empty line', '[1] [2] [3]', no_terminal_punct],
    ['finds javascript in any case', 'Please enable JavaScripts now.', javascript],
    ['finds javascript that a citation mark parts', 'Please enable java[2]script now.', javascript],
    ['finds no java script', 'Please enable java script now.', keep],
    ['finds policy phrases', 'See our PRIVACY policy for more.', policy],
    ['finds policy phrases at the very end', 'By going on you accept our terms of use.', policy],
    ['finds policy phrases across block ends', `${'x'.repeat(9)} this site uses cookies.`, policy],
    ['finds no halves of them', 'the cookie, policy and use of cookie.', keep],
    ['allows a token of 1000', `a b ${'é'.repeat(999)}.`, keep],
    ['cuts a token of 1001', `a b ${'é'.repeat(1000)}.`, long_word],
  ];
  it.each(cases)('%s', (_, text, code) => {
    expect(judge(text).codes).toEqual([code]);
  });

  it('gives byte spans of trimmed lines, none for blank ones', () => {
    expect(judge('  É un deux. \r\n \n\tx\n').lines).toEqual([
      { start: 2, end: 13, code: keep },
      { start: 19, end: 20, code: no_terminal_punct },
    ]);
  });
  it('lists citation marks of kept lines only', () => {
    const text = 'é a[1] fact.[Citation Needed]\nno mark [2]\na fact[] [x] [12a] [edit ] here.';
    expect(judge(text).citations).toEqual([
      { start: 4, end: 7 },
      { start: 13, end: 30 },
    ]);
  });
  it('flags lorem ipsum and { only where earlier rules left the line', () => {
    expect(judge('Here is Lorem Ipsum again.').flags).toBe(1);
    expect(judge('lorem ipsum').flags).toBe(0);
    expect(judge('A { in a line.').flags).toBe(2);
    expect(judge('A { in javascript code.').flags).toBe(0);
    expect(judge('Lorem ipsum in javascript {.').flags).toBe(1);
    expect(judge('A { and our cookie policy.').flags).toBe(2);
  });
  it('counts sentences of kept lines', () => {
    expect(judge('One two. Three four! (Five?) Six\nTwo words\nA b c.').sentences).toBe(1 + 0);
    expect(judge('One two. Three four! (Five?) Six."\nA b c.').sentences).toBe(5);
    expect(judge('He said... wait "now"').sentences).toBe(2);
    expect(judge('One fact.[1] Two facts.[2] Done now').sentences).toBe(0);
    expect(judge('One fact.[1] Two facts.[2] Done now.').sentences).toBe(3);
  });
  it('leaves rules out', () => {
    const none: C4Options = {
      terminalPunct: false,
      minWords: 0,
      maxWordLength: 0,
      citations: false,
      javascript: false,
      policy: false,
    };
    const text = `x\n${'y'.repeat(1500)}\nour terms of use {\njavascript [1]`;
    expect(judge(text, none)).toMatchObject({ codes: [keep, keep, keep, keep], flags: 2, citations: [], sentences: 4 });
    expect(judge(text, { ...none, policy: true, maxWordLength: 1499 }).codes).toEqual([keep, long_word, policy, keep]);
    expect(judge(text, { ...none, javascript: true, minWords: 2 }).codes).toEqual([
      too_few_words,
      too_few_words,
      keep,
      javascript,
    ]);
  });
  it('leaves out rows that are not alive', () => {
    const { values, offsets } = utf8Column(['A line is here.', 'Lorem ipsum is here.', 'The last one.']);
    const got = kernel.c4Lines(values, offsets, 3, C4_DEFAULTS, Uint8Array.of(1, 0, 1));
    expect(Array.from(got.lineOffsets)).toEqual([0, 1, 1, 2]);
    expect(Array.from(got.flags)).toEqual([0, 0, 0]);
    expect(Array.from(got.sentences)).toEqual([1, 0, 1]);
  });
});
