import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { contents, fixture, fixtureFolder, readAll } from './read-all.ts';

/** A text and its bytes, as the codecs of Python make them (cp932 for Shift JIS, cp949 for EUC-KR). */
const TEXTS: readonly (readonly [encoding: string, text: string, hex: string])[] = [
  [
    'windows-1252',
    'Le café de la gare coûte 3 € – déjà vu.',
    '4c6520636166e9206465206c61206761726520636ffb74652033208020962064e96ae02076752e',
  ],
  [
    'gbk',
    '上海边的小镇在黄色的灯光里，重庆〇镕',
    'c9cfbaa3b1dfb5c4d0a1d5f2d4dabbc6c9abb5c4b5c6b9e2c0efa3acd6d8c7eca996e946',
  ],
  ['gb18030', '上海㐀𠀀镇', 'c9cfbaa38139ee3995328236d5f2'],
  ['shift_jis', '港の灯は消えた。表示～①', '8d6082cc939482cd8fc182a682bd8142955c8ea681608740'],
  ['euc-kr', '똠방각하 펲시콜라 한국어', '8c63b9e6b0a2c7cf20bc84bdc3c4ddb6f320c7d1b1b9beee'],
  ['big5', '臺灣的夜市', 'bb4fc657aabaa95da5ab'],
  ['euc-jp', '港の灯は消えた。', 'b9c1a4cec5f4a4cfbec3a4a8a4bfa1a3'],
  ['koi8-r', 'Река бежит мимо мельницы', 'f2c5cbc120c2c5d6c9d420cdc9cdcf20cdc5ccd8cec9c3d9'],
  ['windows-1251', 'Річка біжить', 'd0b3f7eae020e1b3e6e8f2fc'],
  ['iso-8859-2', 'Żółć i gęś', 'aff3b3e620692067eab6'],
  ['utf-16le', 'Żółć 😀 𠀀', '7b01f3004201070120003dd800de200040d800dc'],
  ['utf-16be', 'Żółć 😀 𠀀', '017b00f3014201070020d83dde000020d840dc00'],
  ['windows-1253', 'Καλημέρα', 'cae1ebe7ecddf1e1'],
  ['ibm866', 'Река', '90a5aaa0'],
  ['tis-620', 'ภาษาไทย', 'c0d2c9d2e4b7c2'],
];

/** UTF-16 of a text, in either order. */
const utf16 = (text: string, order: 'le' | 'be'): Buffer => {
  const bytes = Buffer.from(text, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

describe('texts in another encoding', () => {
  it.each(TEXTS)('%s', async (encoding, text, hex) => {
    const { documents, quarantined, plan } = await readAll(fixture('a.txt', Buffer.from(hex, 'hex')), { encoding });
    expect(quarantined).toEqual([]);
    expect(documents.map((d) => d.text)).toEqual([text]);
    expect(plan.files[0].encoding).toBe(readOptions.parse({ encoding }).encoding);
  });

  it.each(['le', 'be'] as const)('UTF-16%s by its mark, in every format, packed or not', async (order) => {
    const records = [
      { id: '1', text: 'Żółć 😀' },
      { id: '2', text: 'two\nlines' },
    ];
    const lines = records.map((r) => `${JSON.stringify(r)}\n`).join('');
    const want = records.map((r) => ({ ...r, domain: 'a', metadata: '{}' }));
    for (const [name, text] of [
      ['a.jsonl', lines],
      ['a', lines],
      ['a.json', JSON.stringify(records, null, 1)],
      ['a.csv', 'id,text\r\n1,Żółć 😀\r\n2,"two\nlines"\r\n'],
    ]) {
      const bytes = utf16(`\ufeff${text}`, order);
      for (const [as, content] of [
        [name, bytes],
        [`${name}.gz`, gzipSync(bytes)],
      ] as const) {
        const { documents, quarantined } = await readAll(fixture(as, content), { encoding: 'utf-16' });
        expect(quarantined).toEqual([]);
        expect(contents(documents)).toEqual(want);
      }
    }
  });

  it('UTF-16 without a mark by its zeros; a file in UTF-8 beside it stays that', async () => {
    const root = fixtureFolder();
    const long = `{"text":"${'x'.repeat(6000)} and the end of it"}\n`;
    writeFileSync(join(root, 'a'), utf16(long, 'be'));
    writeFileSync(join(root, 'b'), utf16(long.replace('"x', '"水'), 'le'));
    writeFileSync(join(root, 'c.jsonl'), '{"text":"Żółć"}\n');
    const { documents, quarantined, plan } = await readAll(root, { encoding: 'utf-16' });
    expect(quarantined).toEqual([]);
    expect(plan.files.map((f) => [f.format, f.encoding])).toEqual([
      ['jsonl', 'utf-16be'],
      ['jsonl', 'utf-16le'],
      ['jsonl', undefined],
    ]);
    expect(documents.map((d) => d.text.slice(0, 2))).toEqual(['xx', '水x', 'Żó']);
  });

  it('is cut into parts between lines; a record stands at the byte of its line', async () => {
    const made = Array.from(
      { length: 3000 },
      (_, i) => `{"id":"${i}","text":"r\xe9sum\xe9 ${i} ${'x'.repeat(i % 90)}"}\n`,
    );
    const bytes = Buffer.from(made.join(''), 'latin1');
    const path = fixture('a.jsonl', bytes);
    const whole = await readAll(path, { encoding: 'latin1' });
    expect(whole.documents).toHaveLength(3000);
    expect(whole.documents[1234].text).toMatch(/^résumé 1234 x*$/);
    for (const { offset, id } of whole.documents)
      expect(bytes.subarray(offset).toString('latin1').startsWith(`{"id":"${id}"`)).toBe(true);
    const parts = await readAll(path, { encoding: 'latin1', splitBytes: 7000 });
    expect(parts.plan.splits.length).toBeGreaterThan(10);
    const place = (d: (typeof whole.documents)[number]) => [d.block, d.offset, d.id, d.text];
    expect(parts.documents.map(place)).toEqual(whole.documents.map(place));
    const packed = await readAll(fixture('a.jsonl.gz', gzipSync(bytes)), { encoding: 'latin1', splitBytes: 7000 });
    expect(packed.documents.map(place)).toEqual(whole.documents.map(place));
  });

  it('characters that are cut where bytes are read are whole again', async () => {
    const text = '港の灯は消えた。'.repeat(40_000);
    const bytes = Buffer.from('8d6082cc939482cd8fc182a682bd8142'.repeat(40_000), 'hex');
    const line = Buffer.concat([Buffer.from('{"text":"a'), bytes, Buffer.from('"}\n')]);
    for (const [name, content, want] of [
      ['a.txt', bytes, text],
      ['a.jsonl', line, `a${text}`],
      ['b.txt', utf16(`${text}😀`.repeat(2), 'be'), `${text}😀`.repeat(2)],
    ] as const) {
      const encoding = name === 'b.txt' ? 'utf-16be' : 'sjis';
      const { documents, quarantined } = await readAll(fixture(name, content), { encoding });
      expect(quarantined).toEqual([]);
      expect(documents.map((d) => d.text === want)).toEqual([true]);
    }
  });
});

describe('bytes that an encoding does not have', () => {
  it('set aside the record that has them, as broken UTF-8 does, and no other', async () => {
    const lines = Buffer.concat([
      Buffer.from('{"text":"one"}\n{"text":"'),
      Buffer.from([0x82, 0xcc, 0x82, 0x0a]),
      Buffer.from('{"text":"\\u3042"}\n{"text":"'),
      Buffer.from([0xa0, 0xfd]),
      Buffer.from('"}\n{"text":"five"}\n'),
    ]);
    const { documents, quarantined } = await readAll(fixture('a.jsonl', lines), { encoding: 'shift_jis' });
    expect(documents.map((d) => d.text)).toEqual(['one', 'あ', 'five']);
    const detail = 'expected text in shift_jis, got bytes that it does not have';
    expect(quarantined.map((q) => [q.row, q.offset, q.reason, q.detail])).toEqual([
      [1, 15, 'invalid_utf8', detail],
      [3, 46, 'invalid_utf8', detail],
    ]);
  });

  it.each([
    ['half of a pair', Buffer.from('610000d86200', 'hex'), 'utf-16le'],
    ['half of a pair at the end', Buffer.from('61003dd8', 'hex'), 'utf-16le'],
    ['half of a character', Buffer.from('6100620063', 'hex'), 'utf-16le'],
    ['a lead byte at the end', Buffer.from('6181', 'hex'), 'gbk'],
    ['a byte without a character', Buffer.from('6181', 'hex'), 'windows-1252'],
  ])('%s: the text is set aside', async (_, bytes, encoding) => {
    const { documents, quarantined } = await readAll(fixture('a.txt', bytes), { encoding, format: 'text' });
    expect([documents.length, quarantined.map((q) => q.reason)]).toEqual([0, ['invalid_utf8']]);
  });

  it('a row of a table is one of them', async () => {
    const bytes = Buffer.from('id,text\n1,caf\xe9\n2,\x81\n3,th\xe9\n', 'latin1');
    const { documents, quarantined } = await readAll(fixture('a.csv', bytes), { encoding: 'windows-1252' });
    expect(documents.map((d) => d.text)).toEqual(['café', 'thé']);
    expect(quarantined.map((q) => q.reason)).toEqual(['invalid_utf8']);
  });
});

describe('files whose encoding was not named', () => {
  it('are skipped by name with the way out, JSON lines too; a mark is believed', async () => {
    const root = fixtureFolder();
    const write = (name: string, content: Buffer): void => writeFileSync(join(root, name), content);
    write('a.jsonl', Buffer.from('{"text":"plain"}\n'));
    write('b.jsonl', utf16('\ufeff{"text":"b"}\n', 'le'));
    write('c.csv', utf16('\ufefftext\nc\n', 'be'));
    write('d.jsonl.gz', gzipSync(utf16('\ufeff{"text":"d"}\n', 'le')));
    write('e.txt', utf16('A text without a mark.', 'le'));
    write('f.txt', Buffer.from('Le caf\xe9', 'latin1'));
    write('g.txt', Buffer.from('\x00\x01\x02\x03', 'latin1'));
    const { documents, plan } = await readAll(root);
    expect(documents.map((d) => d.text)).toEqual(['plain']);
    const wide = 'UTF-16 is read with --encoding utf-16, or as iconv -f UTF-16 -t UTF-8 FILE makes it';
    expect(plan.skipped.map((s) => [s.path, s.reason])).toEqual([
      ['b.jsonl', wide],
      ['c.csv', wide],
      ['d.jsonl.gz', wide],
      ['e.txt', 'UTF-16 without a mark, it seems: --encoding utf-16le'],
      [
        'f.txt',
        'not UTF-8; text in another encoding is read with --encoding, for example windows-1252, gbk or shift_jis',
      ],
      ['g.txt', 'binary'],
    ]);
    const marked = await readAll(join(root, '{a,b,c,d}*'), { encoding: 'latin1' });
    expect(marked.documents.map((d) => d.text)).toEqual(['plain', 'b', 'c', 'd']);
    expect(marked.plan.warnings).toContain('c.csv: begins with the byte order mark of utf-16be; read as such');
  });

  it('names are one: utf-8 is none, latin1 is windows-1252', () => {
    const named = (encoding: string) => readOptions.parse({ encoding }).encoding;
    expect(['UTF-8', 'utf8'].map(named)).toEqual([undefined, undefined]);
    expect(['latin1', 'ISO-8859-1', 'GBK', 'Shift-JIS', 'cp949', 'utf16', 'UTF-16LE'].map(named)).toEqual([
      'windows-1252',
      'windows-1252',
      'gb18030',
      'shift_jis',
      'euc-kr',
      'utf-16',
      'utf-16le',
    ]);
    expect(readOptions.safeParse({ encoding: 'base64' }).success).toBe(false);
  });
});
