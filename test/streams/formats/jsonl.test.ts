import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { referenceRecord } from '../../../src/kernels/reference/scanner.ts';
import { loadZstdModule, type ZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { generator, prose } from '../../helpers/corpus.ts';
import { contents, fixture, readAll } from './read-all.ts';

let zstd: ZstdModule;
beforeAll(async () => {
  zstd = await loadZstdModule();
});

const random = generator(11);
/** Records of many shapes: long, short, empty, non-ASCII, without id, broken, blank. */
const LINES = Array.from({ length: 400 }, (_, i) => {
  const kind = random();
  if (kind < 0.04) return '';
  if (kind < 0.08) return '{"text": broken';
  if (kind < 0.12) return JSON.stringify({ text: `Żółć — “naïve” 🐎 ${i}`, n: i });
  if (kind < 0.15) return JSON.stringify({ id: i, text: '' });
  if (kind < 0.2) return `{"text": "a \\"first\\" one", "id": "twice", "text": "${'x'.repeat(i)}"}`;
  if (kind < 0.25) return `  {"id":"crlf ${i}", "text" : "carriage\\r\\nreturn"}\r`;
  return JSON.stringify({
    id: `doc-${i}`,
    text: prose(random, Math.floor(10 + random() * 300)),
    metadata: { domain: i % 3 ? 'web' : 'books', i },
  });
});
const BYTES = Buffer.from(LINES.map((l) => `${l}\n`).join(''));

/** The same, read by the plainest means. */
function plainly(): { documents: unknown[]; bad: number } {
  const documents: unknown[] = [];
  let bad = 0;
  let offset = 0;
  for (const line of LINES) {
    const bytes = Buffer.from(line);
    if (line.trim() !== '') {
      const record = referenceRecord(bytes, { text: 'text', id: 'id', domain: ['domain', 'metadata.domain'] });
      if ('reason' in record) bad++;
      else
        documents.push({
          id: record.id ?? `data.jsonl#0.${offset}`,
          text: record.text,
          domain: record.domain ?? 'data',
          metadata: record.metadata,
        });
    }
    offset += bytes.length + 1;
  }
  return { documents, bad };
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set(at.map((a) => a % bytes.length))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}
const withoutIds = (documents: readonly unknown[]): unknown[] =>
  documents.map((d) => ({ ...(d as object), id: String((d as { id: string }).id).replace(/#.*/, '#') }));

describe('readJsonl', () => {
  const expected = plainly();

  it('gives what JSON.parse per line gives, with the position of every line', async () => {
    const path = fixture('data.jsonl', BYTES);
    const { documents, quarantined, plan } = await readAll(path);
    expect(plan.splits.length).toBe(1);
    expect(contents(documents)).toEqual(expected.documents);
    expect(quarantined.length).toBe(expected.bad);
    for (const d of [...documents, ...quarantined]) {
      expect(d.block).toBe(0);
      expect(d.offset === 0 || BYTES[d.offset - 1] === 10).toBe(true);
    }
    const rows = [...documents, ...quarantined].map((d) => d.row).sort((a, b) => a - b);
    expect(rows).toEqual(Array.from({ length: LINES.filter((l) => l.trim() !== '').length }, (_, i) => i));
  });

  it('gives the same documents for any split size; a line belongs to the split where it starts', async () => {
    const path = fixture('data.jsonl', BYTES);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 16 * 1024, max: 300_000 }), async (splitBytes) => {
        const { documents, quarantined, plan } = await readAll(path, { splitBytes });
        expect(plan.splits.length).toBeGreaterThanOrEqual(Math.floor(BYTES.length / splitBytes));
        expect(contents(documents)).toEqual(expected.documents);
        expect(quarantined.length).toBe(expected.bad);
        for (const split of plan.splits)
          for (const { start, end } of split.ranges) expect(end - start).toBeLessThanOrEqual(splitBytes);
      }),
      { seed: 3, numRuns: 25 },
    );
  });

  it('reads ranges cut in the middle of anything, also of tiny ones', async () => {
    const path = fixture('tiny.jsonl', '{"text":"ab"}\n{"text":"cd"}\n\n{"text":"ef"}');
    const whole = await readAll(path);
    expect(whole.documents.map((d) => d.text)).toEqual(['ab', 'cd', 'ef']);
    for (let splitBytes = 1; splitBytes < 45; splitBytes++) {
      const { documents } = await readAll(path, { splitBytes });
      expect(documents.map(({ row: _, ...d }) => d)).toEqual(whole.documents.map(({ row: _, ...d }) => d));
    }
  });

  it('gives the same documents however gzip members and zstd frames are cut, and whatever the splits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.integer({ min: 20_000, max: 200_000 }),
        async (cuts, splitBytes) => {
          const parts = cut(BYTES, cuts);
          const gz = await readAll(fixture('data.jsonl.gz', Buffer.concat(parts.map((p) => gzipSync(p)))), {
            splitBytes,
          });
          const zst = await readAll(fixture('data.jsonl.zst', Buffer.concat(parts.map((p) => zstd.compress(p, 3)))), {
            splitBytes,
          });
          const want = withoutIds(expected.documents).map((d) => ({ ...(d as object) }));
          for (const { documents, quarantined } of [gz, zst]) {
            expect(
              withoutIds(contents(documents)).map((d) =>
                JSON.stringify(d).replace(/data\.jsonl\.(gz|zst)/, 'data.jsonl'),
              ),
            ).toEqual(want.map((d) => JSON.stringify(d)));
            expect(quarantined.length).toBe(expected.bad);
          }
          expect(zst.plan.splits.length).toBeGreaterThanOrEqual(parts.length > 8 ? 2 : 1);
        },
      ),
      { seed: 4, numRuns: 25 },
    );
  });

  it('gives positions from which a line is found again: compressed start of the frame, offset in it', async () => {
    const parts = cut(BYTES, [10_000, 45_000, 70_001]).map((p) => zstd.compress(p, 3));
    const starts = parts.map((_, i) => parts.slice(0, i).reduce((n, p) => n + p.length, 0));
    const { documents } = await readAll(fixture('data.jsonl.zst', Buffer.concat(parts)));
    expect(new Set(documents.map((d) => d.block))).toEqual(new Set(starts));
    const plain = starts.map((_, i) => Buffer.concat(parts.slice(i).map((p) => Buffer.from(zstd.decompress(p)))));
    for (const d of documents) {
      const bytes = plain[starts.indexOf(d.block)].subarray(d.offset);
      expect(
        referenceRecord(bytes.subarray(0, bytes.indexOf(10)), { text: 'text', id: 'id', domain: [] }),
      ).toMatchObject({ text: d.text });
    }
  });

  it('cuts batches by content only: at so many bytes, or before a document that would double it', async () => {
    const path = fixture(
      'data.jsonl',
      [10, 500, 600, 3000, 10, 999, 1].map((n) => `${JSON.stringify({ text: 'y'.repeat(n) })}\n`).join(''),
    );
    const { batches } = await readAll(path, { batchBytes: 1000 });
    expect(batches).toEqual([[3, 1, 2, 1]]);
    const twice = await readAll(path, { batchBytes: 1000, splitBytes: 700 });
    expect(twice.batches.flat().reduce((a, b) => a + b, 0)).toBe(7);
  });

  it('sets a line over the limit aside without holding it, and reads on', async () => {
    const big = JSON.stringify({ id: 'big', text: 'z'.repeat(9_000_000) });
    const path = fixture('data.jsonl', `{"text":"before"}\n${big}\n{"text":"after"}\n${big}`);
    const { documents, quarantined } = await readAll(path, { maxLineBytes: 5_000_000 });
    expect(documents.map((d) => [d.text, d.offset])).toEqual([
      ['before', 0],
      ['after', 18 + big.length + 1],
    ]);
    expect(quarantined).toMatchObject([
      {
        row: 1,
        offset: 18,
        bytes: big.length,
        reason: 'line_too_long',
        detail: `expected a line of at most 5000000 bytes, got ${big.length}`,
      },
      { row: 3, offset: 18 + big.length + 1 + 17, bytes: big.length, reason: 'line_too_long' },
    ]);
    expect(quarantined[0].excerpt).toBe(big.slice(0, 240));
    const whole = await readAll(path, { maxLineBytes: 10_000_000 });
    expect(whole.documents.map((d) => d.text.length)).toEqual([6, 9_000_000, 5, 9_000_000]);
    expect(whole.quarantined).toEqual([]);
  });

  it('strips a byte order mark, keeps NUL and U+2028', async () => {
    const bom = await readAll(fixture('bom.jsonl', '\ufeff{"text":"nul \\u0000 and \u2028 here"}\n'));
    expect(bom.documents).toMatchObject([{ text: 'nul \u0000 and \u2028 here', offset: 3 }]);
  });

  it('reads the fields it is told to, with the domain from where it is told to', async () => {
    const path = fixture(
      'web-00012-of-00100.jsonl',
      '{"content":{"body":"t"},"url":"u","lang":"de","domain":"d"}\n{"content":{"body":"v"},"url":5}\n',
    );
    const read = async (domainFrom: string) =>
      (await readAll(path, { textField: 'content.body', idField: 'url', domainFrom })).documents.map((d) => [
        d.id,
        d.text,
        d.domain,
        d.metadata,
      ]);
    expect(await read('auto')).toEqual([
      ['u', 't', 'd', '{"content":{},"lang":"de"}'],
      ['5', 'v', 'web', '{"content":{}}'],
    ]);
    expect((await read('field:lang')).map((d) => d[2])).toEqual(['de', 'unknown']);
    expect((await read('path')).map((d) => d[2])).toEqual(['web', 'web']);
    expect((await read('constant:mine')).map((d) => d[2])).toEqual(['mine', 'mine']);
  });

  it('tells the input bytes that it read', async () => {
    let bytes = 0;
    await readAll(fixture('data.jsonl', BYTES), {
      onProgress: (n) => {
        bytes += n;
      },
    });
    expect(bytes).toBe(BYTES.length);
  });

  it('keeps documents with NaN and Infinity, as null; in strings they stay', async () => {
    const path = fixture(
      'nan.jsonl',
      [
        '{"id": "a", "text": "NaN", "score": NaN, "why": "say \\"NaN, -Infinity"}',
        '{"id": "b", "text": "Infinity", "list": [Infinity, -Infinity, 1.5], "in": {"x": -Infinity}}',
        '{"id": NaN, "text": "no id", "metadata": {"loss": NaN}}',
        '{"id": "d", "text": NaN}',
        '{"id": "e", "text": "not JSON", "x": NaN1}',
        '{"id": "f", "text": "not JSON", "x": --Infinity, "y": "open',
      ].join('\n'),
    );
    const { documents, quarantined } = await readAll(path);
    expect(documents.map((d) => [d.id, d.text, d.metadata])).toEqual([
      ['a', 'NaN', '{"score": null,"why": "say \\"NaN, -Infinity"}'],
      ['b', 'Infinity', '{"list": [null, null, 1.5],"in": {"x": null}}'],
      [documents[2].id, 'no id', '{"loss": null}'],
    ]);
    expect(documents[2].id).toMatch(/^nan\.jsonl#0\.\d+$/);
    expect(quarantined.map((q) => q.reason)).toEqual(['missing_text', 'invalid_json', 'invalid_json']);
  });
});
