import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { recipe, tokens } from 'sluice';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExportOptions, exportTokens } from '../../src/run/export/export.ts';
import type { ExportFormat } from '../../src/sinks/exports/format.ts';
import { llmC } from '../../src/sinks/exports/llm-c.ts';
import { mds } from '../../src/sinks/exports/mds.ts';
import { parquetExport } from '../../src/sinks/exports/parquet.ts';
import { EXPORTS } from '../../src/sinks/exports/table.ts';
import { type Part, READERS, type Read, type Stored, storedDocuments } from '../helpers/exports.ts';
import { writeDomains } from '../helpers/feed.ts';
import { runToEnd } from '../helpers/run.ts';

const python = process.env.SLUICE_PYTHON;
const consumer = resolve(import.meta.dirname, '../../scripts/certify/read-export.py');

/** A line a format: the one of the table, and one with files so small that there are several. */
const FORMATS: readonly (readonly [string, ExportFormat])[] = [
  ...EXPORTS.map((f) => [f.name, f] as const),
  ['llm.c in small files', llmC(9000)],
  ['mds in small shards', mds(30_000)],
  ['parquet in small files', parquetExport(20_000)],
];

/** Ids of 2 bytes; of 4, since the end is above 65,535; and without an end, so that an empty document has no id. */
const STORES = { 'two bytes': 256, 'four bytes': 70_000, 'no end of text': null } as const;

const CONTEXT = 64;
let folder = '';
const stores: Record<string, { run: string; documents: Stored[] }> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-exports-'));
  const input = writeDomains(join(folder, 'in'));
  const long = { id: 'long', text: 'The longest of all: '.repeat(4000) };
  const lines = [{ id: 'empty', text: '' }, long, { id: 'emptier', text: '' }].map((d) => JSON.stringify(d));
  mkdirSync(join(input, 'odd'));
  writeFileSync(join(input, 'odd', '0.jsonl'), `${lines.join('\n')}\n`);
  for (const [name, endOfText] of Object.entries(STORES)) {
    const run = join(folder, `run of ${name}`);
    const sinks = [tokens({ tokenizer: 'bytes', endOfText })];
    const made = recipe({ name: 'tokens', steps: [], read: { domainFrom: 'path' }, sinks, splitBytes: 4096 });
    await runToEnd(made, { input: [input], output: run, workers: 1 });
    stores[name] = { run, documents: await storedDocuments(run) };
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;
const output = (): string => join(folder, `export ${made++}`);
const optionsOf = (format: ExportFormat, store: string, more: Partial<ExportOptions> = {}): ExportOptions => ({
  stores: [stores[store].run],
  format,
  output: output(),
  contextLength: CONTEXT,
  ...more,
});

const read = (format: ExportFormat, from: string): Promise<Read> => Promise.resolve(READERS[format.name](from));

/** Documents by part as the rows of a format: raw files hold them in one, the others leave out those without ids. */
const rowsOf = (format: ExportFormat, documents: readonly Stored[]): number[][] => {
  const rows = documents.map((d) => d.ids);
  if (format.valShare > 0) return [rows.flat()];
  return format.name === 'parquet' ? rows : rows.filter((r) => r.length > 0);
};

const sorted = (rows: readonly (readonly number[])[]): string[] => rows.map((r) => r.join()).sort();

describe.each(FORMATS)('%s', (_, format) => {
  it.each(Object.keys(STORES))('holds every document, %s', async (store) => {
    const { documents } = stores[store];
    const options = optionsOf(format, store, { packing: 'documents', valShare: 0.3 });
    const report = await exportTokens(options);
    const got = await read(format, options.output);
    const all = { train: got.train!, val: got.val! };
    const holes = documents.filter((d) => d.ids.length === 0).length;
    expect(holes).toBe(store === 'no end of text' ? 2 : 0);
    expect([report.documents, report.tokens]).toEqual([documents.length, documents.flatMap((d) => d.ids).length]);
    // Which side a document is on is the exporter's choice; it is the same for every format, and for all its copies.
    const whole = optionsOf(megatronOf(), store, { valShare: 0.3 });
    await exportTokens(whole);
    const val = new Set(sorted((await read(megatronOf(), whole.output)).val!));
    expect(val.size).toBeGreaterThan(documents.length * 0.2);
    expect(val.size).toBeLessThan(documents.length * 0.4);
    const side = (d: Stored): Part => (val.has(d.ids.join()) ? 'val' : 'train');
    for (const part of ['train', 'val'] as const) {
      const own = documents.filter((d) => side(d) === part);
      const empty = (rows: readonly number[][]): number[][] => rows.filter((r) => r.length > 0);
      expect(empty(all[part])).toEqual(empty(rowsOf(format, own)));
    }
    if (format.name === 'parquet') expect([...all.train, ...all.val].length).toBe(documents.length);
  });

  it.skipIf(!format.rows.includes('sequences'))('holds sequences of concat and best-fit', async () => {
    const { documents } = stores['four bytes'];
    const domains = [...new Set(documents.map((d) => d.domain))];
    const concat = optionsOf(format, 'four bytes', { packing: 'concat' });
    const { parts } = await exportTokens(concat);
    const { train: rows } = await read(format, concat.output);
    expect(parts).toEqual({ train: { rows: rows!.length, tokens: documents.flatMap((d) => d.ids).length } });
    expect(rows!.filter((r) => r.length !== CONTEXT).length).toBeLessThanOrEqual(domains.length);
    // Sequences of a domain stand in order, and a text of one domain begins with its name.
    const cut = domains.flatMap((domain) => {
      const ids = documents.filter((d) => d.domain === domain).flatMap((d) => d.ids);
      return Array.from({ length: Math.ceil(ids.length / CONTEXT) }, (_, i) =>
        ids.slice(i * CONTEXT).slice(0, CONTEXT),
      );
    });
    expect(sorted(rows!)).toEqual(sorted(cut));
    const fit = optionsOf(format, 'four bytes', { packing: 'best-fit' });
    await exportTokens(fit);
    const { train: bins } = await read(format, fit.output);
    expect(Math.max(...bins!.map((b) => b.length))).toBeLessThanOrEqual(CONTEXT);
    // Every document that fits stands whole in a sequence: between ends, or at its begin.
    const inBins = bins!.flatMap((b) => b.join().split(/(?<=\b70000),/));
    for (const { ids } of documents) if (ids.length <= CONTEXT) expect(inBins).toContain(ids.join());
    expect(sorted([bins!.flat().sort()])).toEqual(sorted([documents.flatMap((d) => d.ids).sort()]));
  });

  it('shows nothing of an export that failed or was killed, and starts over', async () => {
    const options = optionsOf(format, 'two bytes');
    const broken: ExportFormat = {
      ...format,
      async open(place) {
        const writer = await format.open(place);
        return { ...writer, finish: () => Promise.reject(new Error('broken')) };
      },
    };
    await expect(exportTokens({ ...options, format: broken })).rejects.toThrow('broken');
    expect(readdirSync(options.output)).toEqual(['.sluice-export.json']);
    // What a kill leaves: files half written, and a lock of a process that is gone.
    mkdirSync(join(options.output, '.unfinished/train'), { recursive: true });
    writeFileSync(join(options.output, '.unfinished/train.bin'), 'half');
    writeFileSync(join(options.output, 'lock'), '{"pid":1,"started":"0"}');
    const report = await exportTokens(options);
    const once = await read(format, options.output);
    const files = readdirSync(options.output, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => join(e.parentPath, e.name).slice(options.output.length + 1));
    expect(files.sort()).toEqual([...report.files, '.sluice-export.json'].sort());
    const bytes = report.files.map((f) => readFileSync(join(options.output, f)));
    await exportTokens(options);
    expect(report.files.map((f) => readFileSync(join(options.output, f)))).toEqual(bytes);
    expect(await read(format, options.output)).toEqual(once);
  });

  it('is never written over what is not its own', async () => {
    const options = optionsOf(format, 'two bytes');
    mkdirSync(options.output);
    writeFileSync(join(options.output, 'mine.txt'), 'mine');
    await expect(exportTokens(options)).rejects.toThrow(/a folder of its own for the export.*mine\.txt/);
    expect(readdirSync(options.output)).toEqual(['mine.txt']);
    const taken = optionsOf(format, 'two bytes');
    const { files } = await exportTokens(taken);
    await rm(join(taken.output, '.sluice-export.json'));
    writeFileSync(
      join(taken.output, '.sluice-export.json'),
      JSON.stringify({ madeBy: 'sluice export', status: 'done', files: files.slice(1) }),
    );
    const before = readFileSync(join(taken.output, files[0]));
    await expect(exportTokens(taken)).rejects.toThrow(/a file that it has not made/);
    expect(readFileSync(join(taken.output, files[0]))).toEqual(before);
    expect(existsSync(join(taken.output, 'lock'))).toBe(false);
  });
});

const megatronOf = (): ExportFormat => EXPORTS.find((f) => f.name === 'megatron')!;

describe('their own consumers', () => {
  // Which consumers there are is asked of them; a format whose consumer is not installed says so on the console.
  it.skipIf(python === undefined)(
    'read the same ids as the readers of this suite',
    async () => {
      const exports: { format: ExportFormat; folder: string }[] = [];
      for (const [, format] of FORMATS)
        for (const store of Object.keys(STORES))
          for (const packing of [
            ...(format.rows.includes('sequences') ? (['best-fit', 'concat'] as const) : []),
            'documents',
          ] as const) {
            const options = optionsOf(format, store, { packing, ...(packing === 'documents' && { valShare: 0.3 }) });
            await exportTokens(options);
            exports.push({ format, folder: options.output });
          }
      const asked = exports.flatMap(({ format, folder }) => [format.name, folder]);
      const { status, stdout, stderr } = spawnSync(python!, [consumer, ...asked], {
        encoding: 'utf8',
        maxBuffer: 1 << 30,
        env: { ...process.env, HF_HUB_OFFLINE: '1', TQDM_DISABLE: '1' },
      });
      if (status !== 0) throw new Error(stderr);
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      expect(lines.length).toBe(exports.length);
      const missing = new Set<string>();
      for (const [i, { format, folder }] of exports.entries()) {
        const got = JSON.parse(lines[i]) as Read & { missing?: string };
        if (got.missing) missing.add(`${format.name}: ${got.missing}`);
        else expect([format.name, folder, got]).toEqual([format.name, folder, await read(format, folder)]);
      }
      for (const line of missing) console.warn(`skipped: ${line}`);
      expect(missing.size).toBeLessThan(EXPORTS.length);
    },
    400_000,
  );
});

describe('an export', () => {
  it('refuses a run that has not finished, and says how to go on', async () => {
    const run = stores['two bytes'].run;
    const file = join(run, 'run.json');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace(/"status":\s*"done"/, '"status": "running"'));
    const options = optionsOf(megatronOf(), 'two bytes');
    await expect(exportTokens(options)).rejects.toThrow(
      /finished runs, got \d+ of \d+ splits.*Finish it first\. Run its command again/s,
    );
    writeFileSync(file, before);
    expect(existsSync(options.output)).toBe(false);
  });

  it('refuses rows that a format does not hold, and sequences for validation', async () => {
    await expect(exportTokens(optionsOf(megatronOf(), 'two bytes', { packing: 'concat' }))).rejects.toThrow(
      /rows that are documents for megatron, got concat/,
    );
    const sequences = optionsOf(mds(), 'two bytes', { valShare: 0.1 });
    await expect(exportTokens(sequences)).rejects.toThrow(/whole documents for validation/);
    await expect(exportTokens({ ...sequences, valShare: Number.NaN })).rejects.toThrow(/a share from 0/);
  });

  it('says what a trainer needs to know of large vocabularies', async () => {
    const { notes } = await exportTokens(optionsOf(EXPORTS[0], 'four bytes'));
    expect(notes).toEqual([expect.stringMatching(/nanoGPT reads uint16 unless/)]);
  });
});
