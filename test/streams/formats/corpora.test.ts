import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { referenceRecord } from '../../../src/kernels/reference/scanner.ts';
import { corporaFolder } from '../../helpers/corpora.ts';
import { readAll } from './read-all.ts';

const corpora = corporaFolder();
/** SLUICE_CORPORA_ALL=1 reads every file of JSON lines; else those below this size, which is a quarter of a minute. */
const AT_MOST = process.env.SLUICE_CORPORA_ALL === '1' ? Number.POSITIVE_INFINITY : 700_000;

describe('the readers on the corpora', () => {
  if (corpora === null) {
    it.skip('skipped: no corpora');
    return;
  }
  const files = readdirSync(corpora, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && /\.jsonl(\.gz|\.zst)?$/.test(f.name))
    .map((f) => join(f.parentPath, f.name))
    .filter((f) => !f.includes('malformed') && readFileSync(f).length <= AT_MOST)
    .sort();

  it.each(files.map((f) => [f.slice(corpora.length + 1), f]))('%s: equal to JSON.parse', async (_, path) => {
    let bytes: Uint8Array = readFileSync(path);
    if (path.endsWith('.zst')) bytes = decompress(bytes);
    else if (path.endsWith('.gz')) bytes = gunzipSync(bytes);
    // Benchmarks and truths name their text otherwise; any text field will do.
    const first = JSON.parse(Buffer.from(bytes).toString('utf8').split('\n', 1)[0]) as Record<string, unknown>;
    const textField =
      'text' in first ? 'text' : (Object.keys(first).find((k) => typeof first[k] === 'string') ?? 'text');
    const { documents, quarantined } = await readAll(path, { textField, splitBytes: 1_000_000 });
    const [good, bad] = [documents.values(), quarantined.values()];
    const fields = { text: textField, id: 'id', domain: ['domain', 'metadata.domain'] };
    let lines = 0;
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(10, at);
      const end = newline < 0 ? bytes.length : newline;
      const line = bytes.subarray(at, end);
      at = end + 1;
      if (line.length === 0) continue;
      lines++;
      const want = referenceRecord(line, fields);
      if ('reason' in want) {
        expect(bad.next().value?.reason).toBe(want.reason);
        continue;
      }
      const got = good.next().value!;
      const { text, id, domain, metadata } = want;
      if (
        got.text !== text ||
        got.metadata !== metadata ||
        (id !== null && got.id !== id) ||
        (domain !== null && got.domain !== domain)
      )
        expect(got).toMatchObject(want);
    }
    expect(documents.length + quarantined.length).toBe(lines);
    expect(lines).toBeGreaterThan(0);
  });
});
