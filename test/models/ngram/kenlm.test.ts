import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpusDocuments } from '../../../scripts/corpus-documents.ts';
import { readArpa, writeArpa } from '../../../src/models/ngram/arpa.ts';
import type { NgramModel } from '../../../src/models/ngram/model.ts';
import { ngramScorer } from '../../../src/models/ngram/scorer.ts';
import { wordWalk } from '../../../src/models/ngram/split.ts';
import { trainNgram } from '../../../src/models/ngram/train.ts';
import { UNKNOWN } from '../../../src/models/ngram/vocabulary.ts';
import type { Scores } from '../../../src/models/scorers/scorer.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { corporaFolder } from '../../helpers/corpora.ts';
import { temporaryFolder } from './folders.ts';

const python = process.env.SLUICE_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import kenlm'], { encoding: 'utf8' });
const missing = probe.error?.message ?? (probe.status === 0 ? null : probe.stderr.trim().split('\n').at(-1)!);
if (missing !== null) console.warn(`skipped: no Python with kenlm (${missing}); SLUICE_PYTHON names another`);
const corpora = missing === null ? corporaFolder() : null;

/** log10 of a document with its sentences' ends, its words and ends, and the words that the model does not know. */
type Counted = readonly [log10: number, tokens: number, unknown: number];

/** What KenLM says of documents as lists of sentences. */
function kenlmOf(path: string, documents: readonly (readonly string[])[]): Counted[] {
  const code = `import json, kenlm, math, sys
model = kenlm.Model(sys.argv[1])
for sentences in json.load(sys.stdin):
    scores = [s for line in sentences for s in model.full_scores(line)]
    print(json.dumps([math.fsum(s[0] for s in scores), len(scores), sum(s[2] for s in scores)]))`;
  const input = JSON.stringify(documents);
  const { stdout, stderr, status } = spawnSync(python, ['-c', code, path], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`expected KenLM to read ${path}, got: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Counted);
}

/** Sentences of a text as its model makes them, words with a blank between them. */
function sentencesOf(split: 'words' | 'whitespace', text: string): string[] {
  const sentences: string[][] = [[]];
  const bytes = Buffer.from(text);
  wordWalk(split)(bytes, 0, bytes.length, {
    word: (values, start, end) => sentences.at(-1)?.push(Buffer.from(values.subarray(start, end)).toString('utf8')),
    endLine: () => sentences.push([]),
  });
  return sentences.filter((words) => words.length > 0).map((words) => words.join(' '));
}

function sluiceOf(model: NgramModel, texts: readonly string[]): Counted[] {
  const { nllSum, tokens } = ngramScorer(model, '').score(utf8Column(texts)) as Scores;
  const split = model.split as 'words' | 'whitespace';
  return texts.map((text, i) => {
    const words = sentencesOf(split, text).flatMap((s) => s.split(' '));
    const unknown = words.filter((w) => model.vocabulary.findText(w) === UNKNOWN).length;
    return [-nllSum[i] / Math.LN10, tokens[i], unknown];
  });
}

/** Largest relative difference of the scores; all else has to be equal. */
function differenceOf(ours: readonly Counted[], theirs: readonly Counted[]): number {
  expect(ours.map(([, ...counts]) => counts)).toEqual(theirs.map(([, ...counts]) => counts));
  return Math.max(...ours.map(([log10], i) => Math.abs(log10 / theirs[i][0] - 1)));
}

const paragraphs = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
  .split('\n\n')
  .filter((p) => /[a-z]/.test(p));
const odd = [
  'The\u00a0model and\u00a0the run',
  '\u00a0the',
  'the run\u3000of the\u2028model',
  'Zyx qwv\nthe \ufeffrun',
  'straße É é',
];

describe.skipIf(missing !== null)('KenLM', () => {
  it('gives documents the scores that a model trained here over words gives them', async () => {
    const path = join(await temporaryFolder(), 'words.arpa');
    await writeArpa(
      path,
      await trainNgram(
        paragraphs.filter((_, i) => i % 2 === 0),
        { split: 'words', order: 4, prune: [0, 0, 1] },
      ),
    );
    const texts = [...paragraphs, ...odd];
    const ours = sluiceOf(await readArpa(path, 'words'), texts);
    const theirs = kenlmOf(
      path,
      texts.map((t) => sentencesOf('words', t)),
    );
    expect(differenceOf(ours, theirs)).toBeLessThan(1e-6);
    expect(ours.filter(([, , unknown]) => unknown > 0).length).toBeGreaterThan(10);
  });

  it('takes the same white space for the end of a word, where a model is read as its own', async () => {
    const path = join(await temporaryFolder(), 'nbsp.arpa');
    await writeArpa(
      path,
      await trainNgram(['the gate and the wheel\nthe mill and the gate'], { split: 'words', prune: [0] }),
    );
    // "mill" has a no-break space now, "gate" ends with one.
    const arpa = readFileSync(path, 'utf8').replaceAll('mill', 'mill\u00a0stone').replaceAll('gate', 'gate\u00a0');
    await writeFile(path, arpa);
    const texts = [
      'the gate\u00a0 and the mill\u00a0stone',
      'the gate and the mill stone',
      'the mill\u00a0stone\tand\u00a0the\vgate\u00a0\n\n \u00a0 \r\nthe\u3000wheel\fthe wheel\u2028',
    ];
    const model = await readArpa(path);
    expect(model.split).toBe('whitespace');
    const ours = sluiceOf(model, texts);
    expect(ours.map(([, , unknown]) => unknown)).toEqual([0, 3, 4]);
    const lines = texts.map((t) => t.split('\n').filter((line) => sentencesOf('whitespace', line).length > 0));
    expect(differenceOf(ours, kenlmOf(path, lines))).toBeLessThan(1e-6);
  });

  it.skipIf(corpora === null)(
    'gives 400 documents of a mixed corpus the same scores',
    async () => {
      const folder = join(corpora as string, 'mixed');
      const files = readdirSync(folder).filter((f) => f.endsWith('.zst'));
      const all = (await corpusDocuments(files.map((f) => join(folder, f)))).filter((d) => d.text.trim() !== '');
      const step = Math.floor(all.length / 400);
      const texts = all
        .filter((_, i) => i % step === 0)
        .slice(0, 400)
        .map((d) => d.text);
      const training = all
        .filter((_, i) => i % step === 1)
        .slice(0, 400)
        .map((d) => d.text);
      const path = join(await temporaryFolder(), 'mixed.arpa');
      await writeArpa(path, await trainNgram(training, { split: 'words' }));
      const largest: number[] = [];
      for (const split of ['words', 'whitespace'] as const) {
        const ours = sluiceOf(await readArpa(path, split), texts);
        const sentences = texts.map((t) =>
          split === 'words'
            ? sentencesOf(split, t)
            : t.split('\n').filter((line) => sentencesOf('whitespace', line).length > 0),
        );
        largest.push(differenceOf(ours, kenlmOf(path, sentences)));
        expect(ours.length).toBe(400);
        expect(ours.reduce((n, [, , unknown]) => n + unknown, 0)).toBeGreaterThan(1000);
      }
      const [words, lines] = largest.map((d) => d.toExponential(0));
      console.info(`400 documents, relative difference to KenLM at most ${words} over words, ${lines} over raw lines`);
      expect(Math.max(...largest)).toBeLessThan(1e-6);
    },
    120_000,
  );
});
