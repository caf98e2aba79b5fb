import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadZstdModule, type ZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { corporaFolder } from '../../helpers/corpora.ts';
import { fixture, readAll } from './read-all.ts';

const corpora = corporaFolder();
const folder = join(corpora ?? '', 'planted', 'malformed');

interface Truth {
  readonly file: string;
  readonly good?: number;
  readonly bad?: number;
  readonly bad_lines?: readonly number[];
  readonly good_at_most?: number;
  readonly file_error?: string;
}

/**
 * Counts of good lines, and the bad lines, by the reader policy. The truth of the first three counts lines as bad of
 * which its own note says that they are legal, or for the reader to document: that is done here. Of the last one it
 * gives no bad lines.
 */
const POLICY: Readonly<Record<string, Pick<Truth, 'good' | 'bad' | 'bad_lines'>>> = {
  // n1 and n4 are legal JSON: NUL and control characters by escapes are text.
  'nul_and_control.jsonl': { good: 14, bad: 2, bad_lines: [4, 6] },
  // An empty text is a document, and so is one without an id.
  'missing_fields.jsonl': { good: 15, bad: 3, bad_lines: [2, 4, 11] },
  // A numeric id is its digits, a null id is none, metadata that is a text stays one.
  'wrong_types.jsonl': { good: 15, bad: 10, bad_lines: [1, 3, 6, 8, 10, 13, 14, 16, 19, 21] },
  // NaN, which Python writes, is null: no strict parser takes it, and no document is lost for it.
  'broken_json.jsonl': { good: 13, bad: 8, bad_lines: [3, 4, 9, 15, 16, 17, 18, 21] },
  'not_jsonl.json': { bad: 3, bad_lines: [1, 2, 3] },
};

/**
 * What becomes of files that are broken as a whole: good documents, reasons of what is set aside, warnings and files
 * passed over.
 */
const FILE_ERRORS: Readonly<Record<string, { good: number; reasons?: string[]; warned?: RegExp; skipped?: string }>> = {
  'zero_byte.jsonl.gz': { good: 0, warned: /empty file/ },
  'zero_byte.jsonl.zst': { good: 0, warned: /empty file/ },
  'truncated.jsonl.gz': { good: 19, reasons: ['undecodable'] },
  'bad_crc.jsonl.gz': { good: 40, reasons: ['undecodable'] },
  'trailing_garbage.jsonl.gz': { good: 40, reasons: ['undecodable'] },
  'truncated.jsonl.zst': { good: 0, reasons: ['undecodable'] },
  'corrupt.jsonl.zst': { good: 0, reasons: ['undecodable'] },
  'gzip_named_zst.jsonl.zst': { good: 40, warned: /its content is gzip/ },
  'zstd_named_gz.jsonl.gz': { good: 40, warned: /its content is zstd/ },
  'plain_named_gz.jsonl.gz': { good: 40, warned: /its content is uncompressed/ },
  'utf16le.jsonl': {
    good: 0,
    skipped: 'UTF-16 is read with --encoding utf-16, or as iconv -f UTF-16 -t UTF-8 FILE makes it',
  },
  'bad.warc.gz': { good: 0, reasons: ['invalid_warc'] },
};

describe('the malformed corpus', () => {
  if (corpora === null) {
    it.skip('skipped: no corpora');
    return;
  }
  const truths = readFileSync(join(folder, 'truth.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as Truth);

  it('is there in full', () => {
    expect(truths.length).toBe(39);
  });

  it.each(truths.map((t) => [t.file, t] as const))('%s', async (file, given) => {
    const options = {
      format: file === 'not_jsonl.json' ? ('jsonl' as const) : undefined,
      maxLineBytes: file.startsWith('huge') ? 60_000_000 : undefined,
    };
    const { documents, quarantined, plan } = await readAll(join(folder, file), options);
    const truth = { ...given, ...POLICY[file] };
    if (truth.good !== undefined) expect(documents.length).toBe(truth.good);
    if (truth.bad !== undefined) expect(quarantined.length).toBe(truth.bad);
    if (truth.bad_lines) expect(quarantined.map((q) => q.row + 1)).toEqual(truth.bad_lines);
    if (!truth.file_error) return;
    const want = FILE_ERRORS[file];
    expect(documents.length).toBe(want.good);
    expect(quarantined.map((q) => q.reason)).toEqual(want.reasons ?? []);
    expect(plan.skipped.map((s) => s.reason)).toEqual(want.skipped ? [want.skipped] : []);
    if (want.warned) expect(plan.warnings.join()).toMatch(want.warned);
    else expect(plan.warnings).toEqual([]);
  });

  it('gives the same 40 documents, however they are packed or written', async () => {
    const of = async (file: string) =>
      (await readAll(join(folder, file))).documents.map(({ id, text, domain, metadata }) => ({
        id,
        text,
        domain,
        metadata,
      }));
    const good = await of('good.jsonl');
    for (const file of [
      'no_final_newline.jsonl',
      'blank_lines_between.jsonl',
      'bom.jsonl',
      'crlf.jsonl',
      'multi_member.jsonl.gz',
      'multi_frame.jsonl.zst',
      'skippable_frame.jsonl.zst',
      'bad_crc.jsonl.gz',
    ])
      expect(await of(file)).toEqual(good);
    expect(await of('truncated.jsonl.gz')).toEqual(good.slice(0, 19));
  });

  it('sets a huge line aside when --max-line does not allow it', async () => {
    const { documents, quarantined } = await readAll(join(folder, 'huge_line_50mb.jsonl.zst'));
    expect(documents).toEqual([]);
    expect(quarantined).toMatchObject([{ reason: 'line_too_long', bytes: 51_019_928, block: 0, offset: 0 }]);
  });

  it('says of a bomb what it is, or of its line how long it is', async () => {
    const path = join(folder, 'zeros_bomb.jsonl.zst');
    expect((await readAll(path)).quarantined).toMatchObject([
      {
        reason: 'undecodable',
        bytes: 6157,
        detail: expect.stringMatching(/^expected at most 200 bytes for each packed byte/),
      },
    ]);
    expect((await readAll(path, { maxRatio: 1e6 })).quarantined).toMatchObject([
      { reason: 'line_too_long', bytes: 200_000_000 },
    ]);
  });
});

describe('broken input of our own', () => {
  let zstd: ZstdModule;
  beforeAll(async () => {
    zstd = await loadZstdModule();
  });
  const record = (i: number): string =>
    JSON.stringify({ id: `r${i}`, text: `The gate of sluice ${i} is open, and the water runs.` });
  const good = Array.from({ length: 30 }, (_, i) => `${record(i)}\n`).join('');
  const reasons = async (name: string, content: string | Uint8Array): Promise<[number, string[]]> => {
    const { documents, quarantined } = await readAll(fixture(name, content));
    return [documents.length, quarantined.map((q) => `${q.row} ${q.reason}`)];
  };

  it.each<[string, string | Uint8Array, number, string[]]>([
    ['an empty file', '', 0, []],
    ['blank lines only', '\n\r\n \t\n\n', 0, []],
    ['no final newline', good.trimEnd(), 30, []],
    ['CRLF', good.replaceAll('\n', '\r\n'), 30, []],
    [
      'lines that are no JSON',
      `${record(0)}\n][\n{'id': 1}\n${record(1)}\n{"text": "open\n{"text":"x",}\n`,
      2,
      ['1 invalid_json', '2 invalid_json', '4 invalid_json', '5 invalid_json'],
    ],
    [
      'bytes that are not UTF-8',
      Buffer.concat([
        Buffer.from(`${record(0)}\n{"text":"`),
        Buffer.from([0xc0, 0xaf]),
        Buffer.from(`"}\n${record(1)}\n`),
      ]),
      2,
      ['1 invalid_utf8'],
    ],
    [
      'half surrogate pairs',
      `{"text":"\\ud83d"}\n{"text":"\\ud83d\\ude00"}\n{"text":"a","k":["\\ude00"]}\n`,
      1,
      ['0 lone_surrogate', '2 lone_surrogate'],
    ],
    [
      'raw control characters',
      '{"text":"a\u0000"}\n{"text":"a\\u0000"}\n{"text":"a\tb"}\n',
      1,
      ['0 invalid_json', '2 invalid_json'],
    ],
    [
      'no text',
      '{}\n{"text":null}\n{"text":""}\n{"content":"c"}\n',
      1,
      ['0 missing_text', '1 missing_text', '3 missing_text'],
    ],
    [
      'other types',
      '7\n"s"\nnull\n[]\n{"text":[]}\n{"id":5,"text":"t"}\n',
      1,
      ['0 wrong_type', '1 wrong_type', '2 wrong_type', '3 wrong_type', '4 wrong_type'],
    ],
    ['duplicate keys', '{"text":"a","text":"b"}\n', 1, []],
    [
      'deep nesting',
      `{"text":"a","n":${'['.repeat(5000)}${']'.repeat(5000)}}\n${record(0)}\n`,
      1,
      ['0 nested_too_deep'],
    ],
    ['numbers beyond 64 bits', '{"text":"t","n":123456789012345678901234567890,"f":1e400}\n', 1, []],
    ['separators that end no line', '{"text":"a\u2028b\u2029c\u0085d\\u000be"}\n', 1, []],
  ])('%s', async (_, content, documents, aside) => {
    expect(await reasons('f.jsonl', content)).toEqual([documents, aside]);
    expect(await reasons('f.jsonl.gz', gzipSync(content))).toEqual([documents, aside]);
    expect(await reasons('f.jsonl.zst', zstd.compress(Buffer.from(content), 3))).toEqual([documents, aside]);
  });

  it('keeps big numbers and odd forms as written', async () => {
    const { documents } = await readAll(
      fixture('f.jsonl', '{"text":"t","metadata":{"n":123456789012345678901234567890,"f":1e400,"g":-0.0},"h":0.10}\n'),
    );
    expect(documents[0].metadata).toBe('{"n":123456789012345678901234567890,"f":1e400,"g":-0.0,"h":0.10}');
  });

  it('keeps the good records before damage, says where it begins, and goes on with the next file', async () => {
    const packed = gzipSync(good.repeat(40));
    const cut = fixture('a.jsonl.gz', packed.subarray(0, packed.length >> 1));
    const { documents, quarantined } = await readAll([cut, fixture('b.jsonl', good)]);
    const kept = documents.filter((d) => d.file === 'a.jsonl.gz');
    expect(kept.length).toBeGreaterThan(100);
    expect(documents.length - kept.length).toBe(30);
    const end = kept.at(-1)!.offset + Buffer.byteLength(record((kept.length - 1) % 30)) + 1;
    expect(quarantined).toMatchObject([
      { file: 'a.jsonl.gz', row: kept.length, block: 0, offset: end, reason: 'undecodable', cut: true },
    ]);
    // What is lost is the line that is broken off, not the file.
    expect(quarantined[0].bytes).toBeLessThan(Buffer.byteLength(good) / 30 + 60);
    expect(quarantined[0].rows).toBeUndefined();
  });

  it('loses one damaged zstd frame, and a line that runs into it, but not the rest of the file', async () => {
    const frames = [0, 1, 2].map((i) =>
      Buffer.from(zstd.compress(Buffer.from(good.slice(i * 500, i === 2 ? undefined : (i + 1) * 500)), 3)),
    );
    frames[1][frames[1].length >> 1] ^= 0x20;
    frames[1].fill(0xff, 12, 20);
    const { documents, quarantined } = await readAll(fixture('a.jsonl.zst', Buffer.concat(frames)));
    const lines = good.split('\n');
    const inFirst = good.slice(0, 500).split('\n').length - 1;
    const fromThird = lines.findIndex((_, i) => lines.slice(0, i).join('\n').length + 1 >= 1000);
    expect(documents.map((d) => d.id)).toEqual([
      ...Array.from({ length: inFirst }, (_, i) => `r${i}`),
      ...Array.from({ length: 30 - fromThird }, (_, i) => `r${fromThird + i}`),
    ]);
    expect(quarantined.map((q) => [q.reason, q.block])).toEqual([
      ['undecodable', 0],
      ['invalid_json', frames[0].length + frames[1].length],
    ]);
  });
});
