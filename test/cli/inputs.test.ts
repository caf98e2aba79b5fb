import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../helpers/cli.ts';
import { jsonLines } from '../helpers/corpus.ts';
import { temporaryFolder } from '../helpers/run.ts';

const KEEP = `import { annotate, recipe, textStatistics } from 'sluice';
export default recipe({ name: 'keep', steps: [annotate(textStatistics())] });
`;

/** A folder of files, with a recipe that keeps all. */
async function project(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'keep.mjs'), KEEP);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  return cwd;
}
const flat = (text: string): string => text.replace(/\s+/g, ' ');
const sql = async (cwd: string, query: string): Promise<unknown> =>
  JSON.parse((await runCli(['sql', 'o', '--json', query], { cwd })).stdout);
/** The header of an archive with one empty file (ustar). */
const tar = (): Buffer => {
  const header = Buffer.alloc(1024);
  header.write('a.txt', 0);
  header.write('ustar\u000000', 257);
  return header;
};

describe('what is skipped', () => {
  it('is in the summary, in plan and inspect, and in the view files, with the reason', async () => {
    const rows = jsonLines([{ text: 'one' }, { text: 'two' }]);
    const cwd = await project({
      'in/a.jsonl': rows,
      'in/sub/b.jsonl': rows,
      'in/README.md': '# A card',
      'in/LICENSE': 'Everybody may.',
      'in/dataset_infos.json': '{"a": {}}',
      'in/shard.tar': tar(),
      'in/shard.tar.gz': gzipSync(tar()),
      'in/l.txt': Buffer.from('caf\xe9', 'latin1'),
      'out.jsonl': rows,
    });
    await symlink('../out.jsonl', join(cwd, 'in/out.jsonl'));
    const said = [
      '7 files or folders:',
      'LICENSE and 1 more: a card beside data: give it as an input of its own to read it',
      'shard.tar and 1 more: tar archives are not read: unpack it with tar -xf FILE',
      'out.jsonl: link that leaves the input: give what it leads to as an input of its own',
      'l.txt: not UTF-8; text in another encoding is read with --encoding, for example windows-1252, gbk or shift_jis',
      'dataset_infos.json: describes a data set of Hugging Face datasets; holds no documents',
    ];
    const plan = await runCli(['plan', 'keep.mjs', '--input', 'in', '--output', 'o'], { cwd });
    const inspect = await runCli(['inspect', 'in'], { cwd });
    const run = await runCli(['run', 'keep.mjs', '--input', 'in', '--output', 'o'], { cwd });
    expect(run.stdout).toContain('kept 4 of 4 documents');
    for (const { stdout } of [plan, inspect, run]) for (const line of said) expect(flat(stdout)).toContain(line);
    const json = JSON.parse((await runCli(['plan', 'keep.mjs', '--input', 'in', '--json'], { cwd })).stdout) as {
      skipped: { path: string }[];
    };
    expect(json.skipped.map((s) => s.path).sort()).toEqual([
      'LICENSE',
      'README.md',
      'dataset_infos.json',
      'l.txt',
      'out.jsonl',
      'shard.tar',
      'shard.tar.gz',
    ]);
    expect(await sql(cwd, 'SELECT path, format, encoding, skipped FROM files ORDER BY path LIMIT 4')).toEqual([
      { path: 'LICENSE', format: null, encoding: null, skipped: said[1].split(': ').slice(1).join(': ') },
      { path: 'README.md', format: null, encoding: null, skipped: said[1].split(': ').slice(1).join(': ') },
      { path: 'a.jsonl', format: 'jsonl', encoding: 'utf-8', skipped: null },
      {
        path: 'dataset_infos.json',
        format: null,
        encoding: null,
        skipped: said[5].slice('dataset_infos.json: '.length),
      },
    ]);
  });

  it('cards are documents where they are asked for, or lie among texts', async () => {
    const cwd = await project({
      'in/a.jsonl': jsonLines([{ text: 'one' }]),
      'in/README.md': '# A card',
      'texts/a.txt': 'A text.',
      'texts/b.jsonl': jsonLines([{ text: 'one' }]),
      'texts/README.md': '# A text too',
    });
    const kept = async (...inputs: string[]): Promise<string> => {
      const args = inputs.flatMap((i) => ['--input', i]);
      const { stdout } = await runCli(['run', 'keep.mjs', ...args, '--output', 'o', '--fresh'], { cwd });
      return /kept (\d+) of \d+/.exec(stdout)![1];
    };
    expect(await kept('in')).toBe('1');
    expect(await kept('in/*')).toBe('1');
    expect(await kept('in', 'in/README.md')).toBe('2');
    expect(await kept('in/*.{md,jsonl}')).toBe('2');
    expect(await kept('texts')).toBe('3');
  });

  it('a file alone is refused with the reason', async () => {
    const cwd = await project({
      'u.jsonl': Buffer.from('\ufeff{"text":"a"}\n', 'utf16le'),
      'l.txt': Buffer.from('caf\xe9', 'latin1'),
    });
    for (const [file, way] of [
      ['u.jsonl', '--encoding utf-16'],
      ['l.txt', '--encoding, for example windows-1252'],
    ]) {
      const refused = await runCli(['run', 'keep.mjs', '--input', file, '--output', 'o'], { cwd });
      expect(refused.code).toBe(2);
      expect(flat(refused.stderr)).toContain(way);
    }
  });
});

describe('--encoding', () => {
  it('is part of the run, and recorded', async () => {
    const cwd = await project({ 'l.jsonl': Buffer.from('{"id":"1","text":"caf\xe9"}\n', 'latin1') });
    const args = ['run', 'keep.mjs', '--input', 'l.jsonl', '--output', 'o', '--encoding', 'Latin-1'];
    expect((await runCli(args, { cwd })).stdout).toContain('kept 1 of 1 document ');
    expect(await sql(cwd, 'SELECT text FROM documents')).toEqual([{ text: 'café' }]);
    expect(await sql(cwd, 'SELECT encoding FROM files')).toEqual([{ encoding: 'windows-1252' }]);
    // The text as it was read is found again.
    expect((await runCli(['explain', 'o', '1'], { cwd })).code).toBe(0);
    expect((await runCli([...args.slice(0, -1), 'windows-1252'], { cwd })).stdout).toContain('Already done');
    const other = await runCli([...args.slice(0, -1), 'iso-8859-15'], { cwd });
    expect(other.code).toBe(2);
    expect(flat(other.stderr)).toContain('a different one');
  });

  it('that is not known is refused with the nearest', async () => {
    const cwd = await project({ 'a.jsonl': jsonLines([{ text: 'a' }]) });
    const { code, stderr } = await runCli(['run', 'keep.mjs', '--input', 'a.jsonl', '--encoding', 'shift_jos'], {
      cwd,
    });
    expect(code).toBe(2);
    expect(flat(stderr)).toContain("got 'shift_jos' fix Did you mean shift_jis?");
  });
});

describe('--columns', () => {
  it('keeps what is named; a misspelt name is refused', async () => {
    const cwd = await project({ 'a.jsonl': jsonLines([{ text: 'a', url: 'u', lang: 'en' }]) });
    const args = ['run', 'keep.mjs', '--input', 'a.jsonl', '--output', 'o', '--columns'];
    expect((await runCli([...args, 'url, lang'], { cwd })).code).toBe(0);
    expect((await runCli([...args, 'url', '--fresh'], { cwd })).code).toBe(0);
    expect(await sql(cwd, 'SELECT metadata FROM documents')).toEqual([{ metadata: '{"url":"u"}' }]);
    const wrong = await runCli(['plan', ...args.slice(1), 'ulr'], { cwd });
    expect(wrong.code).toBe(2);
    expect(flat(wrong.stderr)).toContain(
      '--columns expected a column or metadata field of the input got ulr fix Did you mean url?',
    );
  });
});

describe('a column that cannot be understood', () => {
  it('is counted by file and type, and takes no document with it', async () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i / 3);
    const columnData = [
      { name: 'text', data: numbers.map((n) => `Text ${n}`), type: 'STRING' as const },
      { name: 'score', data: numbers, type: 'DOUBLE' as const },
    ];
    const buffer = parquetWriteBuffer({ columnData, codec: 'UNCOMPRESSED' });
    const { data_page_offset: at } = parquetMetadata(buffer).row_groups[0].columns[1].meta_data!;
    const bytes = new Uint8Array(buffer);
    bytes.fill(0xff, Number(at), Number(at) + 12);
    const cwd = await project({ 'b.parquet': bytes });
    const { stdout, code } = await runCli(['run', 'keep.mjs', '--input', 'b.parquet', '--output', 'o'], { cwd });
    expect(code).toBe(0);
    expect(flat(stdout)).toContain(
      'column score (double) of b.parquet could not be read, and is null in 50 documents: ',
    );
    expect(stdout).toContain('kept 50 of 50 documents');
    const [row] = (await sql(cwd, 'SELECT path, unread FROM files')) as { path: string; unread: string[] }[];
    expect(row.path).toBe('b.parquet');
    expect(row.unread).toEqual([expect.stringMatching(/^score \(double\): \S/)]);
    const less = await runCli(['run', 'keep.mjs', '--input', 'b.parquet', '--output', 'p', '--columns', 'none'], {
      cwd,
    });
    expect(less.stdout).toContain('kept 50 of 50 documents');
    expect(less.stdout).not.toContain('could not be read');
  });
});

/** A frame with a window of 2 GiB, as `zstd --long=31` makes of a stream: lines, then `blank` bytes of empty lines. */
function longWindow(lines: string, blank: number): Buffer {
  const blocks: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3])];
  const block = (type: number, size: number, content: Buffer, last = 0): void => {
    const header = Buffer.alloc(3);
    header.writeUIntLE((size << 3) | (type << 1) | last, 0, 3);
    blocks.push(header, content);
  };
  const bytes = Buffer.from(lines);
  for (let at = 0; at < bytes.length; at += 100_000)
    block(0, Math.min(100_000, bytes.length - at), bytes.subarray(at, at + 100_000));
  for (let left = blank; left > 0; left -= 131_072) block(1, Math.min(left, 131_072), Buffer.from('\n'));
  block(0, 0, Buffer.alloc(0), 1);
  return Buffer.concat(blocks);
}

describe('a long zstd window', () => {
  it('is read within the memory budget, and refused by name beyond it', { timeout: 120_000 }, async () => {
    const lines = jsonLines(Array.from({ length: 9000 }, (_, i) => ({ id: `d${i}`, text: `Text ${i} `.repeat(10) })));
    const cwd = await project({ 'a.jsonl.zst': longWindow(lines, 135_000_000) });
    const args = ['run', 'keep.mjs', '--input', 'a.jsonl.zst', '--output', 'o'];
    const small = await runCli([...args, '--memory', '150MB'], { cwd });
    expect(small.code).toBe(2);
    const need = /Use --memory (\d+)MB, or unpack it first: zstd -dc --long=31 FILE/.exec(flat(small.stderr));
    expect(flat(small.stderr)).toContain('for the large zstd window (--long) of a.jsonl.zst got 150 MB');
    // What it unpacks to, and a split.
    expect(Number(need?.[1])).toBeGreaterThan(235);
    expect(Number(need?.[1])).toBeLessThan(240);
    // Its peak is that of a process of its own.
    const run = await spawnCli([...args, '--memory', `${need![1]}MB`, '--workers', '2'], { cwd });
    expect(run.stdout).toContain('kept 9,000 of 9,000 documents');
    const peak = /peak memory (\d+) MB/.exec(run.stdout);
    expect(Number(peak?.[1])).toBeLessThan(Number(need![1]) + 200);
  });
});

describe('limits of options', () => {
  it.each([
    [['--workers', '1000'], 'expected workers: at most 256 got 1000'],
    [['--memory', '1MB'], '--memory expected at least'],
  ])('%s', async (option, said) => {
    const cwd = await project({ 'a.jsonl': jsonLines([{ text: 'a' }]) });
    const { code, stderr } = await runCli(['run', 'keep.mjs', '--input', 'a.jsonl', ...option], { cwd });
    expect(code).toBe(2);
    expect(flat(stderr)).toContain(said);
  });
});
