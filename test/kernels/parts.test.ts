import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Kernel, loadKernel } from '../../src/kernels/kernel.ts';
import { PART_WORDS } from '../../src/kernels/part-tables.ts';
import { PARTS } from '../../src/kernels/parts.ts';
import { LINE_KIND, lineKinds } from '../../src/kernels/reference/line-kinds.ts';
import { referenceParts, referenceProse } from '../../src/kernels/reference/parts.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { corporaFolder } from '../helpers/corpora.ts';
import { madeDocuments } from '../helpers/corpus.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await loadKernel();
});

interface Row {
  readonly parts: Readonly<Record<string, number>>;
  readonly prose: string;
}

function byKernel(texts: readonly string[]): Row[] {
  const { values, offsets } = utf8Column(texts);
  const got = kernel.parts(values, offsets, texts.length, null);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return texts.map((_, row) => ({
    parts: Object.fromEntries(PARTS.map(({ name }, k) => [name, got.values[row * PARTS.length + k]])),
    prose: decoder.decode(got.prose.subarray(got.proseOffsets[row], got.proseOffsets[row + 1])),
  }));
}

/** Equal to the bit. */
function expectEqual(texts: readonly string[]): void {
  const got = byKernel(texts);
  texts.forEach((text, i) => {
    const where = JSON.stringify(text.slice(0, 300));
    const want = referenceParts(text);
    const wrong = PARTS.filter(({ name }) => !Object.is(got[i].parts[name], want[name]));
    expect(wrong.map(({ name }) => `${name}: ${got[i].parts[name]} for ${want[name]} in ${where}`)).toEqual([]);
    expect(got[i].prose, where).toBe(referenceProse(text));
  });
}

const kindsOf = (text: string): string =>
  lineKinds(new TextEncoder().encode(text))
    .map(({ kind }) => Object.keys(LINE_KIND)[kind])
    .join(' ');

it('leaves the bars of a table that an extractor left at both ends out of the prose', () => {
  const texts = [
    'The gate of the mill was open, and water ran. |',
    '| The gate of the mill was open, and water ran.',
    '|\t The gate of the mill was open, and water ran.\t |\nIt ended.',
    'The gate of the mill|was open, and water ran.|',
    '| ? |\n| |\n|\nIt ended |.',
  ];
  expectEqual(texts);
  expect(texts.slice(0, 4).map(referenceProse)).toEqual([
    'The gate of the mill was open, and water ran.\n',
    'The gate of the mill was open, and water ran.\n',
    // An item of many words is prose, of two bars too.
    'The gate of the mill was open, and water ran.\nIt ended.\n',
    'The gate of the mill|was open, and water ran.|\n',
  ]);
});

const FORMULAS =
  'We define algebras with generators $L_{e_1}$, $L_{e_2}$, $L_{f_1}$ and $L_{f_2}$ that commute as the matrix ' +
  '$u_{i,j,k,l}$ says, and show that they are told apart by the form of $u$ up to a map of one to the other.';

it('takes addresses, names of programs and hashes for no words of a bad scan, and each word once', () => {
  const odd = (text: string): number => {
    expectEqual([text]);
    const { parts_odd_word_ratio: ratio, parts_words: words } = referenceParts(text);
    // The first is not counted.
    return Math.round(ratio * words);
  };
  expect(odd('The m1ll and th1s g^te stood by the r~ver all day.')).toBe(3);
  expect(odd('The m1ll and th1swh1le g^te stood by the r~ver all day.')).toBe(3);
  expect(odd('See a/b1c and b_b1c and c#b1c and d@b1c and e=b1c here.')).toBe(0);
  expect(odd('Of a3fb21c and 65b74bb2c and c0ffe4e5a1 the last is the newest.')).toBe(0);
});

it('takes a letter behind a digit for no determiner', () => {
  const texts = ['Of INK4a and INK4a is INK4a that.', 'Of a and a is a that.'];
  expectEqual(texts);
  expect(texts.map((t) => referenceParts(t).parts_impossible_pair_ratio)).toEqual([0, 2 / 7]);
});

describe('kinds of lines', () => {
  it.each([
    ['The gate of the mill was open, and water ran.', 'prose'],
    ['About us', 'short'],
    ['It ended.', 'prose'],
    ['## How the gate works', 'short'],
    ['- Home', 'list'],
    ['12. Gates and locks', 'list'],
    ['- Open the gate before the water rises above the mark.', 'prose'],
    // Marks of formulas in a paragraph that ends as a sentence does.
    [FORMULAS, 'prose'],
    [FORMULAS.slice(0, -1), 'code'],
    ['const area = 3 * r;', 'code'],
    ['if (gate.open()) {', 'code'],
    ['<div class="gate">', 'code'],
    ['# a comment of the sluice\nopen_gate()', 'short code'],
    ['```js\nany line at all that stands here\n```\nOut again.', 'code code code prose'],
    ['>>> 6 * 7\n42\n\nThat was it.', 'code code blank prose'],
    ['Write it so::\n\n    gate up three\n    and wait\n\nThen go on.', 'short blank code code blank prose'],
    ['| gate | height |\n|------|--------|\n| north | 3 |', 'table mark table'],
    ['1,2,3,4,5', 'table'],
    ['north   3.2   open\t17', 'table'],
    ['Title\n=====', 'short mark'],
    ['---\ntitle: Gates\ntags: [a, b]\n---\nThe text begins.', 'meta meta meta meta prose'],
    ['The text begins.\n---\ntitle: Gates of the old mill by the river', 'prose mark prose'],
    ['', 'blank'],
    [' \t \n\n', 'blank blank blank'],
  ])('%j: %s', (text, kinds) => {
    expect(kindsOf(text)).toBe(kinds);
    expectEqual([text]);
  });
});

describe('parts of a text', () => {
  it('are shares of characters', () => {
    const [{ parts, prose }] = byKernel(['Water ran over it.\n\nx = y[0];\nMenu\n']);
    expect(parts).toMatchObject({
      parts_prose_ratio: 18 / 31,
      parts_code_ratio: 9 / 31,
      parts_short_ratio: 4 / 31,
      parts_table_ratio: 0,
      parts_words: 5,
    });
    expect(prose).toBe('Water ran over it.\n\n\n');
  });

  it.each([
    ['English', 'The gate is open and the water of the river runs over it.', { parts_english_ratio: 8 / 13 }],
    ['German', 'Das Tor ist offen und der Fluss läuft nicht mehr.', { parts_foreign_ratio: 5 / 10 }],
    ['Greek', 'Το νερό τρέχει.', { parts_other_script_ratio: 1 }],
    ['words run together', 'thegatewasopenandthewaterran over it all day', { parts_run_on_ratio: 1 / 5 }],
    ['marks in words', 'th1s w^s a g~te of w4ter.', { parts_odd_word_ratio: 3 / 10 }],
    ['impossible pairs', 'It was the of a and the is my to.', { parts_impossible_pair_ratio: 3 / 10 }],
    ['names after a determiner', 'It was a US gate in the US for the US as it is.', { parts_impossible_pair_ratio: 0 }],
    ['filler', 'Lorem ipsum dolor sit amet.', { parts_filler_ratio: 4 / 5 }],
    ['a wrong encoding', 'The gateâ€™s â€œwheelâ€� is cafÃ© cold.', { parts_mojibake_count: 4 }],
    ['French that is right', '« Ça va ? », dit-elle à l’âne. Âge, château…', { parts_mojibake_count: 0 }],
    ['a menu', Array.from({ length: 12 }, (_, i) => `» Page ${i}`).join('\n'), { parts_menu_line_ratio: 1 }],
    ['nine lines', Array.from({ length: 9 }, (_, i) => `» Page ${i}`).join('\n'), { parts_menu_line_ratio: 0 }],
    ['nothing', ' \n', { parts_prose_ratio: Number.NaN, parts_words: 0, parts_english_ratio: Number.NaN }],
  ])('%s', (_, text, want) => {
    expect(byKernel([text])[0].parts).toMatchObject(want);
    expectEqual([text]);
  });

  it('of rows that are not alive are NaN, and other rows do not change for it', () => {
    const { values, offsets } = utf8Column(['Water ran.', 'It was open.', 'x = 1;']);
    const got = kernel.parts(values, offsets, 3, Uint8Array.of(1, 0, 1));
    expect([...got.proseOffsets]).toEqual([0, 11, 11, 11]);
    expect([...got.values.subarray(PARTS.length, 2 * PARTS.length)].every(Number.isNaN)).toBe(true);
    expect(got.values[2 * PARTS.length + 3]).toBe(1);
  });
});

describe('kernel and reference', () => {
  it('agree on made documents and on the texts of the corpora', { timeout: 120_000 }, () => {
    expectEqual(madeDocuments(200).map((d) => d.text));
    const folder = corporaFolder() && `${corporaFolder()}/mixed`;
    if (!folder || !existsSync(folder)) return;
    for (const file of readdirSync(folder).filter((f) => f.endsWith('.zst'))) {
      const lines = Buffer.from(decompress(readFileSync(`${folder}/${file}`)))
        .toString()
        .trimEnd()
        .split('\n');
      expectEqual(lines.filter((_, i) => i % 40 === 0).map((l) => (JSON.parse(l) as { text: string }).text));
    }
  });

  it('agree on random lines of what the rules look for', () => {
    const piece = fc.oneof(
      fc.constantFrom(...PART_WORDS.keys()),
      fc.constantFrom(
        ...(
          '\n \n  \t    ``` ~~~ --- === >>> $ // /* # ## - * • » · | || , ,, ; { } ( () [ ] < > :: : . … ! ? " \' ' +
          '” ’ ' +
          '_ ' +
          'a1b x^y Ã© â€™ Â\u00a0 1 23 4567 é ß Ω 漢 😀 foo( bar_baz import return'
        ).split(/(?<= )|(?= )|(?<=\n)/),
      ),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expectEqual([pieces.join('').toWellFormed()]);
      }),
      { numRuns: 1500, seed: 11 },
    );
  });
});
