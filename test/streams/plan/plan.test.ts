import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { xxh64Hex } from '../../../src/hash.ts';
import { loadZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { domainOfPath } from '../../../src/streams/formats/domain.ts';
import { kindOf } from '../../../src/streams/formats/kinds.ts';
import { parseGlob } from '../../../src/streams/inputs/glob.ts';
import { type ReadOptionsInput, readOptions } from '../../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import { fixture, fixtureFolder, readAll } from '../formats/read-all.ts';

const plan = (inputs: readonly string[], options: ReadOptionsInput = {}, splitBytes?: number) =>
  planSplits(inputs, readOptions.parse(options), { splitBytes });

/** A folder of files; content undefined = its own name in JSON. */
function tree(files: Readonly<Record<string, string | Uint8Array | undefined>>): string {
  const root = fixtureFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content ?? `${JSON.stringify({ text: path })}\n`);
  }
  return root;
}
const paths = async (...inputs: string[]): Promise<string[]> => (await plan(inputs)).files.map((f) => f.path);

describe('parseGlob', () => {
  it.each([
    ['data/*.jsonl', 'data', ['a.jsonl', '.b.jsonl', 'x/a.jsonl', 'ajsonl'], ['a.jsonl']],
    ['data/**/*.gz', 'data', ['a.gz', 'x/a.gz', 'x/y/a.gz', '.x/a.gz', 'x/.a.gz'], ['a.gz', 'x/a.gz', 'x/y/a.gz']],
    ['**', '.', ['a', 'x/y', '.h/a'], ['a', 'x/y']],
    [
      '/d/part-0[0-4]?.{jsonl,json}{,.gz}',
      '/d',
      ['part-041.jsonl', 'part-051.jsonl', 'part-001.json.gz', 'part-0a1.json'],
      ['part-041.jsonl', 'part-001.json.gz'],
    ],
    ['d/[!a]*.txt', 'd', ['a1.txt', 'b1.txt', '.b.txt'], ['b1.txt']],
    ['d/.h*/x+(y).txt*', 'd', ['.hidden/x+(y).txt', 'hidden/x+(y).txt'], ['.hidden/x+(y).txt']],
    ['d/*/{a/b,c}.txt', 'd', ['1/a/b.txt', '1/c.txt', 'c.txt'], ['1/a/b.txt', '1/c.txt']],
  ])('%s', (pattern, root, tried, want) => {
    const glob = parseGlob(pattern);
    expect(glob.root).toBe(root);
    expect(tried.filter(glob.matches)).toEqual(want);
  });
});

describe('planSplits', () => {
  it('lists in argument order, then by the bytes of the path; a file once', async () => {
    const root = tree({
      'b.jsonl': undefined,
      'a/z.jsonl': undefined,
      'a/ä.jsonl': undefined,
      'a/\u{1f40e}.jsonl': undefined,
      'a/\uff5e.jsonl': undefined,
      'B.jsonl': undefined,
    });
    expect(await paths(root)).toEqual([
      'B.jsonl',
      'a/z.jsonl',
      'a/ä.jsonl',
      'a/\uff5e.jsonl',
      'a/\u{1f40e}.jsonl',
      'b.jsonl',
    ]);
    expect(await paths(join(root, 'b.jsonl'), join(root, 'a/*.jsonl'), root)).toEqual([
      'b.jsonl',
      'z.jsonl',
      'ä.jsonl',
      '\uff5e.jsonl',
      '\u{1f40e}.jsonl',
      'B.jsonl',
    ]);
  });

  it('does not depend on where it is called from', async () => {
    const root = tree({ 'x/a.jsonl': undefined, 'x/b.jsonl': undefined });
    const [absolute, other] = [
      await plan([`${root}/x/*.jsonl`]),
      await plan([`${relative(process.cwd(), root)}/x/*.jsonl`]),
    ];
    expect(other).toEqual(absolute);
    expect(absolute.files.map((f) => f.path)).toEqual(['a.jsonl', 'b.jsonl']);
  });

  it('calls files of two roots by different names, and says so', async () => {
    const root = tree({ 'one/a.jsonl': undefined, 'two/a.jsonl': undefined, 'deep/two/a.jsonl': undefined });
    const { files, warnings } = await plan(['one', 'two', 'deep/two'].map((f) => join(root, f)));
    expect(files.map((f) => f.path)).toEqual(['a.jsonl', 'two/a.jsonl', 'two~2/a.jsonl']);
    expect(warnings.length).toBe(2);
  });

  it('passes over hidden names, binary files and links that leave the root, and follows links inside', async () => {
    const outside = tree({ 'o.jsonl': undefined });
    const root = tree({
      'a.jsonl': undefined,
      '.h.jsonl': undefined,
      '.d/a.jsonl': undefined,
      'p.png': Buffer.from('\x89PNG\0\0', 'latin1'),
      'l.txt': Buffer.from('caf\xe9', 'latin1'),
      'sub/z.txt': 't',
    });
    symlinkSync(join(outside, 'o.jsonl'), join(root, 'out.jsonl'));
    symlinkSync(outside, join(root, 'outdir'));
    symlinkSync(join(root, 'sub/z.txt'), join(root, 'in.txt'));
    symlinkSync(join(root, 'nothing'), join(root, 'lost.jsonl'));
    symlinkSync(root, join(root, 'sub/loop'));
    const { files, skipped } = await plan([root]);
    expect(files.map((f) => [f.path, f.format])).toEqual([
      ['a.jsonl', 'jsonl'],
      ['sub/z.txt', 'text'],
    ]);
    const leaves = 'link that leaves the input: give what it leads to as an input of its own';
    expect(skipped).toEqual([
      { path: 'lost.jsonl', reason: 'broken link' },
      { path: 'out.jsonl', reason: leaves },
      { path: 'outdir', reason: leaves },
      { path: 'sub/loop', reason: 'link to a folder that it is in' },
      { path: 'in.txt', reason: 'link to a file that is read already' },
      {
        path: 'l.txt',
        reason:
          'not UTF-8; text in another encoding is read with --encoding, for example windows-1252, gbk or shift_jis',
      },
      { path: 'p.png', reason: 'binary' },
    ]);
    expect((await plan([join(root, '.h.jsonl')])).files.length).toBe(1);
  });

  it('knows formats by magic first, then by name, and warns where they disagree', async () => {
    const { compress } = await loadZstdModule();
    const line = '{"text":"a"}\n';
    const root = tree({
      '1.jsonl': line,
      '2.ndjson.gz': gzipSync(line),
      '3.jsonl.gz': compress(Buffer.from(line), 3),
      '4.jsonl': gzipSync(line),
      '5.json': line,
      '6.json': '{\n  "text": "pretty"\n}\n',
      '7.txt': line,
      '8.txt.gz': gzipSync('prose\n'),
      '9.json.zst': compress(Buffer.from(line), 3),
      'a.parquet': 'not parquet',
      'b.arc.gz': gzipSync('filedesc://x 0 20240506 text/plain 1\n'),
      'c.gz': gzipSync(line),
      'd.jsonl': '',
      'e.py': 'x = 1\n',
    });
    const { files, skipped, warnings } = await plan([root]);
    expect(files.map((f) => `${f.path} ${f.format} ${f.codec}`)).toEqual([
      '1.jsonl jsonl none',
      '2.ndjson.gz jsonl gzip',
      '3.jsonl.gz jsonl zstd',
      '4.jsonl jsonl gzip',
      '5.json jsonl none',
      '7.txt text none',
      '8.txt.gz text gzip',
      '9.json.zst jsonl zstd',
      'c.gz jsonl gzip',
      'd.jsonl text none',
      'e.py text none',
    ]);
    expect(skipped).toEqual([
      {
        path: '6.json',
        reason:
          'JSON, but neither a record a line nor an array of records: make lines of it with jq -c . FILE > ' +
          'records.jsonl (as a text: --format text)',
      },
      { path: 'a.parquet', reason: 'named .parquet, but its content is not parquet' },
      {
        path: 'b.arc.gz',
        reason: 'ARC is not read: warcio recompress FILE.arc.gz FILE.warc.gz makes WARC of it',
      },
    ]);
    expect(warnings).toEqual([
      '3.jsonl.gz: named like gzip, but its content is zstd; read as such',
      '4.jsonl: named like an uncompressed file, but its content is gzip; read as such',
      'd.jsonl: empty file',
    ]);
  });

  it('hashes both ends of a file', async () => {
    const big = Buffer.alloc(300_000, 'The mill stands by the river. ');
    const path = fixture('big.jsonl', big);
    const [file] = (await plan([path])).files;
    expect(file).toMatchObject({
      size: 300_000,
      probeHash: await xxh64Hex(Buffer.concat([big.subarray(0, 65536), big.subarray(-65536)])),
    });
    const small = (await plan([fixture('s.jsonl', '{"text":"s"}')])).files[0];
    expect(small.probeHash).toBe(await xxh64Hex('{"text":"s"}'));
  });

  it('cuts large plain files evenly, zstd at frames, and leaves gzip whole', async () => {
    const { compress } = await loadZstdModule();
    const line = `${JSON.stringify({ text: 'w'.repeat(988) })}\n`;
    const frames = Array.from({ length: 5 }, () => Buffer.from(compress(Buffer.from(line.repeat(40)), 3)));
    const [f] = frames.map((b) => b.length);
    const root = tree({
      'a.jsonl': line.repeat(100),
      'b.jsonl.gz': gzipSync(line.repeat(100)),
      'c.jsonl.zst': Buffer.concat(frames),
    });
    const { splits } = await plan([root], {}, 80_000);
    expect(splits.map((s) => [s.index, s.ranges, s.estimatedTextBytes])).toEqual([
      [0, [{ file: 0, start: 0, end: 50_000 }], 50_000],
      [1, [{ file: 0, start: 50_000, end: 100_000 }], 50_000],
      [2, [{ file: 1, start: 0, end: gzipSync(line.repeat(100)).length }], 100_000],
      [3, [{ file: 2, start: 0, end: 2 * f }], 80_000],
      [4, [{ file: 2, start: 2 * f, end: 4 * f, previous: f }], 80_000],
      [5, [{ file: 2, start: 4 * f, end: 5 * f, previous: 3 * f }], 40_000],
    ]);
  });

  it('packs small files, each with the weight of opening it', async () => {
    const root = tree(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.jsonl`, '{"text":"a"}\n'])));
    const { splits } = await plan([root], {}, 4 * 16 * 1024);
    expect(splits.map((s) => s.ranges.map((r) => r.file))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(splits[2].estimatedTextBytes).toBe(26);
  });

  it('refuses an input that is not there, and is empty for a glob that matches nothing', async () => {
    await expect(plan(['no/such/file.jsonl'])).rejects.toThrow(
      /expected an existing file or folder, a glob, or - for standard input, got no\/such\/file.jsonl/,
    );
    expect((await plan([`${fixtureFolder()}/*.jsonl`])).files).toEqual([]);
  });

  it('copies standard input to a file named by its content', async () => {
    const folder = fixtureFolder();
    async function* stdin(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"id":1,"te');
      yield Buffer.from('xt":"piped"}\n{"text":"two"}');
    }
    const read = await readAll('-', { stdin: stdin(), spoolFolder: folder });
    expect(read.documents.map((d) => [d.file, d.id, d.text, d.domain])).toEqual([
      ['stdin', '1', 'piped', 'stdin'],
      ['stdin', 'stdin#0.24', 'two', 'stdin'],
    ]);
    expect(read.plan.warnings[0]).toMatch(
      /^standard input \(38 bytes\) was copied to .*stdin-[0-9a-f]{16}, so that a run can be resumed/,
    );
    const again = await readAll('-', { stdin: stdin(), spoolFolder: folder });
    expect(again.plan).toEqual(read.plan);
  });

  it('looks through 3,000 small files, each once', async () => {
    const root = tree(
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`d${i % 7}/${i}.txt`, `document ${i}`])),
    );
    const { files } = await plan([root]);
    expect(new Set(files.map((f) => f.path)).size).toBe(3000);
  });
});

describe('domain of a path', () => {
  it.each([
    ['web/2024/a.jsonl', 'web'],
    ['books-00012-of-00100.jsonl.gz', 'books'],
    ['tech_docs-03.jsonl.zst', 'tech_docs'],
    ['part-00000.parquet', 'part'],
    ['00017.jsonl', 'documents'],
    ['c4.en.json.gz', 'c4.en'],
    ['README', 'README'],
  ])('%s is %s', (path, domain) => {
    expect(domainOfPath(path)).toBe(domain);
  });
  it.each([
    ['a/b.PY', 'code'],
    ['notes.md.gz', 'prose'],
    ['t.tsv', 'table'],
    ['Makefile', 'code'],
    ['x.bin', 'other'],
  ])('%s holds %s', (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });
});
