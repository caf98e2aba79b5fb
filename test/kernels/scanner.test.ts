import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Kernel, loadKernel } from '../../src/kernels/kernel.ts';
import { referenceRecord, type ScanFields } from '../../src/kernels/reference/scanner.ts';
import { LINE, openLongLine, type ScannedColumn, type ScannedLines, scanNames } from '../../src/kernels/scanner.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await loadKernel();
});

const FIELDS: ScanFields = { text: 'text', id: 'id', domain: ['domain', 'metadata.domain'] };
const value = (column: ScannedColumn, row: number): string =>
  Buffer.from(column.values.subarray(column.offsets[row], column.offsets[row + 1])).toString('utf8');

const rowOf = (s: ScannedLines, row: number): unknown => ({
  text: value(s.text, row),
  id: s.status[row] & LINE.hasId ? value(s.id, row) : null,
  domain: s.status[row] & LINE.hasDomain ? value(s.domain, row) : null,
  metadata: value(s.metadata, row),
});

/** What the kernel makes of lines: a record, or `irregular`. */
function scan(lines: readonly (string | Uint8Array)[], fields: ScanFields = FIELDS): unknown[] {
  const chunk = Buffer.concat(lines.flatMap((l) => [Buffer.from(l), Buffer.from('\n')]));
  const s = kernel.scanLines(chunk, scanNames(fields)!, 1e9);
  expect(s.consumed).toBe(chunk.length);
  return Array.from({ length: s.rows }, (_, i) => (s.status[i] & LINE.irregular ? 'irregular' : rowOf(s, i)));
}

describe('scanLines', () => {
  it('reads text, id, domain and the other members as written', () => {
    const line =
      '{"id": "a1", "text": "one\\ntwo \\u00e9 \\ud83d\\ude00 \\"q\\"", "source": "x", "metadata": ' +
      '{"domain": "books", "n": 1.50}, "k": [1, {"z": null}]}';
    expect(scan([line])).toEqual([
      {
        text: 'one\ntwo é 😀 "q"',
        id: 'a1',
        domain: 'books',
        metadata: '{"domain": "books", "n": 1.50,"source": "x","k": [1, {"z": null}]}',
      },
    ]);
  });

  it('takes a top-level domain before that of the metadata, and leaves it out of the metadata', () => {
    expect(scan(['{"metadata":{"domain":"inner"},"text":"","domain":"outer"}'])).toEqual([
      { text: '', id: null, domain: 'outer', metadata: '{"domain":"inner"}' },
    ]);
  });

  it('keeps a numeric id as its digits, an empty id as empty, and metadata that is no object', () => {
    expect(
      scan([
        '{"id":12345678901234567890,"text":"t"}',
        '{"id":"","text":"t"}',
        '{"id":-1.50e+3,"text":"t","metadata":"m"}',
      ]),
    ).toEqual([
      { text: 't', id: '12345678901234567890', domain: null, metadata: '{}' },
      { text: 't', id: '', domain: null, metadata: '{}' },
      { text: 't', id: '-1.50e+3', domain: null, metadata: '{"metadata":"m"}' },
    ]);
  });

  it.each([
    ['a duplicate key', '{"text":"a","text":"b"}'],
    ['a duplicate in the metadata', '{"text":"a","metadata":{"x":1},"x":2}'],
    ['an escaped key', '{"te\\u0078t":"a"}'],
    ['no text', '{"id":"a"}'],
    ['a text of another type', '{"text":1}'],
    ['a null id', '{"id":null,"text":"a"}'],
    ['an empty domain', '{"text":"a","domain":""}'],
    ['a lone surrogate', '{"text":"\\ud83d"}'],
    ['a swapped pair', '{"text":"a","x":"\\ude00\\ud83d"}'],
    ['a raw control character', '{"text":"a\tb"}'],
    ['an unknown escape', '{"text":"\\x41"}'],
    ['a leading zero', '{"text":"a","n":01}'],
    ['a bare point', '{"text":"a","n":1.}'],
    ['NaN', '{"text":"a","n":NaN}'],
    ['a trailing comma', '{"text":"a",}'],
    ['something after the object', '{"text":"a"} x'],
    ['no object', '["text","a"]'],
    ['an open string', '{"text":"a'],
    ['1,001 brackets', `{"text":"a","n":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ])('leaves %s to JSON.parse', (_, line) => {
    expect(scan(['{"text":"before"}', line, '{"text":"after"}'])).toEqual([
      { text: 'before', id: null, domain: null, metadata: '{}' },
      'irregular',
      { text: 'after', id: null, domain: null, metadata: '{}' },
    ]);
  });

  it('reads 1,000 brackets, and steps over blank lines', () => {
    const deep = `${'['.repeat(999)}${']'.repeat(999)}`;
    expect(scan(['', ' \t\r', `{"text":"a","n":${deep}}`, ''])).toEqual([
      { text: 'a', id: null, domain: null, metadata: `{"n":${deep}}` },
    ]);
  });

  it('tells lines over the limit, and stops at the rows it has room for', () => {
    const names = scanNames(FIELDS)!;
    const s = kernel.scanLines(Buffer.from('{"text":"short"}\n{"text":"longer than that"}\n'), names, 20);
    expect([...s.status]).toEqual([0, LINE.tooLong]);
    const many = Buffer.from('{}\n'.repeat(20_000));
    const first = kernel.scanLines(many, names, 20);
    expect([first.rows, first.consumed]).toEqual([16384, 3 * 16384]);
  });

  it('looks for other names, also inside metadata, and knows what only the reference can read', () => {
    const fields: ScanFields = { text: 'content', id: 'url', domain: ['metadata.lang'] };
    expect(
      scan(
        [
          '{"content":"c","url":"u","text":"t","metadata":{"lang":"de","x":1}}',
          '{"content":"c","metadata.lang":"top","metadata":{"lang":"de"}}',
        ],
        fields,
      ),
    ).toEqual([
      { text: 'c', id: 'u', domain: 'de', metadata: '{"lang":"de","x":1,"text":"t"}' },
      { text: 'c', id: null, domain: 'top', metadata: '{"lang":"de"}' },
    ]);
    expect(scanNames({ text: 'a.b', id: 'id', domain: [] })).toBeNull();
    expect(scanNames({ text: 'text', id: 'text', domain: [] })).toBeNull();
    expect(scanNames({ text: 'text', id: 'id', domain: ['other.lang'] })).toBeNull();
    expect(scanNames({ text: 'metadata', id: 'id', domain: [] })).toBeNull();
  });

  it('reads one long line in memory of its own', async () => {
    const text = 'grain and water, "flour"\n'.repeat(200_000);
    const json = Buffer.from(JSON.stringify({ id: 7, source: 's', text }));
    const line = await openLongLine(json.length);
    for (let at = 0; at < json.length; at += 1_000_003) line.append(json.subarray(at, at + 1_000_003));
    const names = scanNames(FIELDS)!;
    expect(line.isRegular(names)).toBe(true);
    expect(Buffer.from(line.bytes()).equals(json)).toBe(true);
    const s = line.scan(names);
    expect(rowOf(s, 0)).toEqual({ text, id: '7', domain: null, metadata: '{"source":"s"}' });
  });
});

/** JSON text of a value with white space, escapes and number forms drawn at random. */
function writeJson(v: unknown, draw: () => number): string {
  const space = (): string => [' ', '', '', '\t', '', '\r', '  '][Math.floor(draw() * 7)];
  const string = (s: string): string =>
    `"${[...s]
      .map((c) => {
        const cp = c.codePointAt(0)!;
        if (cp < 0x20 || c === '"' || c === '\\' || draw() < 0.05) {
          const short = JSON.stringify(c).slice(1, -1);
          if (short.startsWith('\\') && draw() < 0.7) return short;
          return [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
        }
        return c === '/' && draw() < 0.3 ? '\\/' : c;
      })
      .join('')}"`;
  if (typeof v === 'string') return string(v);
  if (Array.isArray(v))
    return `[${space()}${v.map((x) => writeJson(x, draw)).join(`${space()},${space()}`)}${space()}]`;
  if (v !== null && typeof v === 'object') {
    const key = (k: string): string => (draw() < 0.9 ? JSON.stringify(k) : string(k));
    return `{${space()}${Object.entries(v)
      .map(([k, x]) => `${key(k)}${space()}:${space()}${writeJson(x, draw)}`)
      .join(`${space()},${space()}`)}${space()}}`;
  }
  return JSON.stringify(v);
}

const name = fc.oneof(
  fc.constantFrom('text', 'id', 'domain', 'metadata', 'source', 'n'),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constant('plain words of some length, more than one vector'),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(name, tie('value'), { maxKeys: 5 }),
})).value;
const record = fc.record(
  {
    text,
    id: fc.oneof(text, fc.maxSafeInteger(), json),
    source: json,
    metadata: fc.oneof(fc.dictionary(name, json, { maxKeys: 4 }), json),
    domain: fc.oneof(text, json),
    extra: json,
  },
  { requiredKeys: ['text'] },
);

describe('scanLines against JSON.parse', () => {
  it('is equal on random records, however they are written', () => {
    let regular = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(record, fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))), {
          minLength: 1,
          maxLength: 8,
        }),
        (records) => {
          const lines = records.map(([r, s]) => writeJson(r, () => s.next().value as number));
          const got = scan(lines);
          lines.forEach((line, i) => {
            if (got[i] === 'irregular') return;
            regular++;
            expect(got[i]).toEqual(referenceRecord(Buffer.from(line), FIELDS));
          });
        },
      ),
      { seed: 1, numRuns: 300 },
    );
    expect(regular).toBeGreaterThan(400);
  });

  it('is equal, and never crashes, on lines with flipped bytes', () => {
    let regular = 0;
    fc.assert(
      fc.property(
        record,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
        (r, flips) => {
          const line = Buffer.from(JSON.stringify(r));
          for (const [at, bits] of flips) line[at % line.length] ^= bits;
          const lines = line
            .toString('latin1')
            .split('\n')
            .map((l) => Buffer.from(l, 'latin1'));
          const records = lines.filter((l) => !l.every((b) => [32, 9, 13].includes(b)));
          const got = scan(lines);
          expect(got.length).toBe(records.length);
          got.forEach((g, i) => {
            const want = referenceRecord(records[i], FIELDS);
            // The caller checks UTF-8 beforehand.
            if (g === 'irregular' || ('reason' in want && want.reason === 'invalid_utf8')) return;
            regular++;
            expect(g).toEqual(want);
          });
        },
      ),
      { seed: 2, numRuns: 3000 },
    );
    expect(regular).toBeGreaterThan(100);
  });
});
