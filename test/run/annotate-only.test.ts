import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { annotate, c4, decontaminate, dedup, drop, jsonl, type Operator, recipe, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { benchmarkFolder, RECORDS } from '../operators/decontaminate/fixture.ts';

const SENTENCES = [
  'The mill stands by the river, where it has stood for two hundred years.',
  'Its wheel turns as long as there is water enough in the channel.',
  'In a dry summer the miller goes fishing and waits for the rain.',
  'When it comes, the farmers queue in the yard with their carts.',
  'By the end of the autumn the granary is full to the roof again.',
];
const GOOD = SENTENCES.join('\n');

const DOCUMENTS = [
  { id: 'good', text: `${GOOD}\nMenu\nPrivacy policy and cookies.` },
  { id: 'few', text: `${SENTENCES[0]}\nHome | About | Contact` },
  { id: 'braces', text: `${GOOD}\nfunction f() { return 1; }.` },
  { id: 'nothing', text: 'Home | About | Contact' },
  { id: 'question', text: `${GOOD}\n${RECORDS.question}` },
];

type Document = { readonly [column: string]: string | number | null };

async function documentsOf(steps: readonly Operator[], annotateOnly: boolean): Promise<Map<string, Document>> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  writeFileSync(join(folder, 'in/a.jsonl'), DOCUMENTS.map((d) => `${JSON.stringify(d)}\n`).join(''));
  const made = recipe({ name: 'x', steps: [...steps], sinks: [jsonl({ compression: 'none' })] });
  await runToEnd(made, { input: [join(folder, 'in')], output: join(folder, 'out'), annotateOnly, workers: 1 });
  const text = readFileSync(join(folder, 'out/documents/part-00000-of-00001.jsonl'), 'utf8');
  const rows = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Document);
  return new Map(rows.map((row) => [String(row.id), row]));
}

describe('annotateOnly', () => {
  it('measures the texts that a run measures, rewritten, and drops nothing', async () => {
    const steps = () => [
      c4(),
      annotate(textStatistics(), { step: 'scores' }),
      drop('length', [rule('text_chars < 400', { name: 'min_chars' })]),
    ];
    const run = await documentsOf(steps(), false);
    const only = await documentsOf(steps(), true);
    expect([...run.keys()]).toEqual(['question']);
    expect([...only.keys()]).toEqual(DOCUMENTS.map((d) => d.id));
    expect(only.get('good')).toMatchObject({ text: GOOD, text_chars: GOOD.length, text_lines: 5, c4_kept_lines: 5 });
  });

  it('gives every kept document the columns it has in a run', async () => {
    const steps = () => [dedup.paragraphs({ minBytes: 20 }), c4(), annotate(textStatistics(), { step: 'scores' })];
    const run = await documentsOf(steps(), false);
    const only = await documentsOf(steps(), true);
    expect([...run.keys()]).toEqual(['good', 'question']);
    for (const [id, document] of run) expect(only.get(id)).toEqual(document);
  });

  it.each(['sluice', 'datatrove', 'dolma'] as const)(
    'cuts what a rule of the profile %s would drop as it would be cut without that rule',
    async (profile) => {
      const off = profile === 'dolma' ? { curlyBracket: false } : { minSentences: 0, curlyBracket: false };
      const on = profile === 'dolma' ? { curlyBracket: true } : {};
      const only = await documentsOf([c4({ profile, ...on } as object), annotate(textStatistics())], true);
      const loose = await documentsOf([c4({ profile, ...off } as object), annotate(textStatistics())], false);
      for (const id of ['few', 'braces']) {
        const { text, text_chars, cut_spans } = only.get(id)!;
        expect({ text, text_chars, cut_spans }).toEqual({
          text: loose.get(id)!.text,
          text_chars: loose.get(id)!.text_chars,
          cut_spans: loose.get(id)!.cut_spans,
        });
      }
      expect(String(only.get('few')!.text).trim()).toBe(SENTENCES[0]);
      // Of which nothing is left keeps its text: no threshold brings it back.
      expect(only.get('nothing')!.text).toBe('Home | About | Contact');
      expect(only.get('braces')!.c4_curly_bracket).toBe(1);
      expect(only.get('good')!.c4_curly_bracket).toBe(0);
    },
  );

  it('keeps the columns of decontaminate(), whatever its action', async () => {
    const benchmarks = [await benchmarkFolder()];
    const found = async (action: 'remove' | 'cut' | 'tag') =>
      (await documentsOf([decontaminate({ benchmarks, action })], true)).get('question')!;
    const [removed, cut, tagged] = [await found('remove'), await found('cut'), await found('tag')];
    expect(removed).toEqual(tagged);
    expect(removed.decontam_found).toBe(1);
    expect(removed.text).toContain(RECORDS.question);
    expect(cut.text).not.toContain(RECORDS.question);
    expect((await documentsOf([decontaminate({ benchmarks })], false)).has('question')).toBe(false);
  });

  it('refuses a recipe of which nothing is left', async () => {
    await expect(documentsOf([dedup.exact()], true)).rejects.toThrow(
      /expected a recipe with a step that annotates or rewrites, got none/,
    );
  });
});
