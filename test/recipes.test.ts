import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../src/kernels/kernel.ts';
import { trainNgram, writeNgram } from '../src/models/ngram/index.ts';
import { makeStage } from '../src/operators/stages.ts';
import { checkSteps } from '../src/recipe/check-steps.ts';
import { type Recipe, withSettings } from '../src/recipe/recipe.ts';
import type { DocumentBatch } from '../src/streams/batch/batch.ts';
import { stringAt } from '../src/streams/batch/columns.ts';
import { isBarrier } from '../src/streams/operator.ts';
import { batchOf, type TestDocument } from './helpers/batches.ts';
import { corporaFolder } from './helpers/corpora.ts';
import { temporaryFolder } from './models/ngram/folders.ts';

const names = readdirSync(new URL('../recipes', import.meta.url))
  .filter((n) => n.endsWith('.ts'))
  .map((n) => n.slice(0, -3));
const load = async (name: string): Promise<Recipe> =>
  ((await import(`../recipes/${name}.ts`)) as { default: Recipe }).default;

/** What a recipe needs besides its input. */
const NEEDS: Readonly<Record<string, (folder: string) => Promise<string>>> = {
  'perplexity-ngram': async (folder) => {
    await writeNgram(join(folder, 'm.ngram'), await trainNgram(['a few words to train on'], { prune: [0] }));
    return `perplexity.model=${join(folder, 'm.ngram')}`;
  },
  decontaminate: async (folder) => {
    await writeFile(join(folder, 'b.jsonl'), '{"question":"How many gates has the mill by the river?"}\n');
    return `decontaminate.benchmarks=${join(folder, 'b.jsonl')}`;
  },
};

/** All steps but barriers, in this thread. */
async function pipelineOf(recipe: Recipe): Promise<(batch: DocumentBatch) => Promise<DocumentBatch>> {
  const kernel = await loadKernel();
  const steps = recipe.steps.map((s) => s.descriptor).filter((d) => !isBarrier(d));
  const stages = await Promise.all(steps.map((d) => makeStage(d, kernel)));
  return async (batch) => {
    let out = batch;
    for (const stage of stages) out = await stage.apply(out);
    return out;
  };
}

describe('recipes', () => {
  it('are the built-in ones', () => {
    expect(names.sort()).toEqual([
      'c4',
      'continual',
      'decontaminate',
      'dedup',
      'dolma',
      'fineweb',
      'fineweb-2',
      'gopher',
      'node-modules',
      'perplexity',
      'perplexity-ngram',
      'prox',
      'quickstart',
      'reference',
      'rephrase',
      'tokens',
    ]);
  });

  it.each(names)('%s has its file name, reads only columns that it writes, and runs', async (name) => {
    const folder = await temporaryFolder();
    const recipe = withSettings(await load(name), name in NEEDS ? [await NEEDS[name](folder)] : []);
    expect(recipe.name).toBe(name);
    expect(recipe.description.length).toBeGreaterThan(20);
    checkSteps(
      recipe.steps.map((s) => s.descriptor),
      name,
    );
    const run = await pipelineOf(recipe);
    const batch = await run(
      batchOf([
        { text: '', domain: 'web' },
        { text: 'const a = 1;', domain: 'code' },
        { text: ' \n ', domain: 'prose' },
      ]),
    );
    expect(batch.rows).toBe(3);
  });

  it('quickstart judges a page by what is in it', async () => {
    const run = await pipelineOf(await load('quickstart'));
    const code =
      'export function area(r) {\n  // pi r squared\n  return 3.14159 * r * r;\n}\n\nexport const TWO = ' +
      '2;\nexport const FOUR = area(TWO) * TWO;\n';
    const prose =
      'The gate of the mill is opened at dawn, when the water has risen in the channel. The miller walks ' +
      'down to the wheel and looks at the boards.\nHe writes the height of the water in a book that hangs by the door.';
    const german = 'Das Tor der Mühle wird am Morgen geöffnet, wenn das Wasser im Kanal gestiegen ist.';
    const rows = Array.from({ length: 30 }, (_, i) => `gate,low,word${i},north,yes\n`);
    const table = `name,height,open\n${rows.join('')}`;
    const menu = Array.from({ length: 40 }, (_, i) => `* Page ${i}`).join('\n');
    const batch = await run(
      batchOf([
        { text: code, domain: 'code' },
        { text: code, domain: 'web' },
        { text: prose, domain: 'web' },
        { text: `${prose}\n\n\`\`\`js\n${code}\`\`\`\n\n${prose.toLowerCase()}`, domain: 'web' },
        { text: german, domain: 'web' },
        { text: table, domain: 'web' },
        { text: menu, domain: 'web' },
      ]),
    );
    const kinds = batch.utf8('parts_kind');
    expect(Array.from({ length: 7 }, (_, row) => stringAt(kinds, row))).toEqual([
      ...['code', 'code', 'prose', 'prose', 'other_language', 'table', 'prose'],
    ]);
    expect([...batch.alive]).toEqual([1, 1, 1, 1, 1, 1, 0]);
    const judges = (row: number): string[] => batch.verdicts.filter((v) => v.judged[row] === 1).map((v) => v.step);
    expect(judges(0)).toEqual(['code_quality']);
    expect(judges(1)).toEqual(['code_quality']);
    expect(judges(2)).toEqual(['page', 'gopher_quality', 'gopher_repetition', 'fineweb', 'text_quality']);
    expect(judges(4)).toEqual([]);
    expect(judges(5)).toEqual(['table_quality']);
    expect(judges(6)).toEqual(['page']);
  });

  it.each(['fineweb', 'c4', 'gopher', 'dolma'])('%s takes the content out of a page of any domain', async (name) => {
    const first = (await load(name)).steps[0].descriptor;
    const stage = await makeStage(first, await loadKernel());
    const words = 'The gate of the mill is opened at dawn, when the water has risen in the channel.';
    const page = `<!DOCTYPE html><html><body><article><p>${`${words} `.repeat(9)}</p></article></body></html>`;
    const batch = await stage.apply(batchOf(['code', 'table', 'web'].map((domain) => ({ text: page, domain }))));
    for (let row = 0; row < 3; row++)
      expect(stringAt(batch.utf8('text'), row)?.trim()).toBe(`${words} `.repeat(9).trim());
  });

  it('thresholds can be set by step and option', async () => {
    const recipe = withSettings(await load('quickstart'), [
      'gopher_quality.min_words=30',
      'code_quality.max_line_length=2000',
    ]);
    const thresholds = Object.fromEntries(
      recipe.steps.flatMap((s) => s.descriptor.rules.map((r) => [r.name, r.threshold])),
    );
    expect([thresholds.gopher_min_words, thresholds.code_max_line_length]).toEqual([30, 2000]);
  });
});

const mixed = corporaFolder() && `${corporaFolder()}/mixed`;

describe.skipIf(!mixed)('quickstart on the mixed corpus (groups that were not used to choose thresholds)', () => {
  it('drops noise and keeps good text and code', { timeout: 300_000 }, async () => {
    const run = await pipelineOf(await load('quickstart'));
    const read: Record<string, number> = {};
    const dropped: Record<string, number> = {};
    for (const file of readdirSync(mixed!).filter((f) => f.endsWith('.zst'))) {
      const domain = file.replace(/-\d+\.jsonl\.zst$/, '');
      const documents = heldOut(readFileSync(`${mixed}/${file}`), domain);
      for (let i = 0; i < documents.length; i += 512) {
        const batch = await run(batchOf(documents.slice(i, i + 512)));
        read[domain] = (read[domain] ?? 0) + batch.rows;
        dropped[domain] = (dropped[domain] ?? 0) + batch.alive.filter((a) => a === 0).length;
      }
    }
    const share = (...domains: string[]): number =>
      sum(domains.map((d) => dropped[d])) / sum(domains.map((d) => read[d]));
    console.info(
      Object.keys(read)
        .map((d) => `${d} ${(100 * share(d)).toFixed(1)} % of ${read[d]} dropped`)
        .join(', '),
    );
    expect(share('web_noise')).toBeGreaterThan(0.95);
    expect(share('books', 'encyclopedia', 'legal_gov', 'news', 'qa_forum', 'science', 'tech_docs')).toBeLessThan(0.03);
    expect(share('code')).toBeLessThan(0.05);
    expect(share('qa_forum')).toBeLessThan(0.03);
    expect(share('legal_gov')).toBeLessThan(0.06);
    expect(share('tech_docs')).toBeLessThan(0.08);
    expect(share('science')).toBeLessThan(0.02);
  });
});

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Documents of the half of the groups that only checks. */
function heldOut(packed: Uint8Array, domain: string): TestDocument[] {
  const lines = Buffer.from(decompress(packed)).toString().trimEnd().split('\n');
  return lines
    .map((line) => JSON.parse(line) as { id: string; text: string; metadata: { group?: string } })
    .filter(
      (d) =>
        createHash('sha256')
          .update(`g${d.metadata.group ?? d.id}`)
          .digest()[0] >= 128,
    )
    .map(({ id, text }) => ({ id, text, domain }));
}
