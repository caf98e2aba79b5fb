import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstValueFrom, of } from 'rxjs';
import { annotate, ConfigError, drop, fasttext, language, languageRules, type Operator } from 'sluice';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { openLanguageKernel } from '../../../src/kernels/language.ts';
import { referenceLanguage } from '../../../src/kernels/reference/language.ts';
import { loadLanguageModel } from '../../../src/models/classifiers/language.ts';
import { LANGUAGE_MODEL, packLanguageModel, readLanguageModel } from '../../../src/models/classifiers/language-file.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt, stringAt, utf8Column } from '../../../src/streams/batch/columns.ts';
import { batchOf } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const fixtures = new URL('../../fixtures/fasttext/', import.meta.url).pathname;
const model = join(fixtures, 'subwords-softmax.bin');

/** Our own sentences; two languages that are near to each other among them. */
const SENTENCES: Readonly<Record<string, string>> = {
  en: 'The miller opened the gate and the water went down the old channel to the wheel.',
  de: 'Der Müller öffnete das Tor und das Wasser lief durch den alten Kanal zum Rad hinunter.',
  fr: "Le meunier ouvrit la porte et l'eau descendit par le vieux canal jusqu'à la roue.",
  es: 'El molinero abrió la compuerta y el agua bajó por el viejo canal hasta la rueda.',
  it: "Il mugnaio aprì la porta e l'acqua scese lungo il vecchio canale fino alla ruota.",
  pl: 'Młynarz otworzył bramę i woda popłynęła starym kanałem w dół do koła.',
  ru: 'Мельник открыл ворота, и вода пошла по старому каналу вниз к колесу.',
  uk: 'Мельник відчинив ворота, і вода пішла старим каналом вниз до колеса.',
  el: 'Ο μυλωνάς άνοιξε την πύλη και το νερό κατέβηκε από το παλιό κανάλι στον τροχό.',
  zh: '磨坊主打开了闸门，水顺着旧水渠流到了水车那里。',
  ja: '粉屋が門を開けると、水は古い水路を通って水車まで流れていった。',
  ko: '방앗간 주인이 문을 열자 물이 오래된 수로를 따라 물레방아까지 내려갔다.',
};

async function ran(batch: DocumentBatch, ...steps: Operator[]): Promise<DocumentBatch> {
  const kernel = await loadKernel();
  let out = batch;
  for (const step of steps) out = await (await makeStage(step.descriptor, kernel)).apply(out);
  return out;
}
const strings = (batch: DocumentBatch, column: string): (string | null)[] =>
  Array.from({ length: batch.rows }, (_, row) => stringAt(batch.utf8(column), row));
const numbers = (batch: DocumentBatch, column: string): (number | null)[] =>
  Array.from({ length: batch.rows }, (_, row) => numberAt(batch.number(column), row));

describe('language()', () => {
  const batch = batchOf([...Object.values(SENTENCES), '', '123 456 !!! 7']);

  it('tells sentences of twelve languages apart, and says nothing of texts without letters', async () => {
    const out = await ran(batch, annotate(language({ most: 2 })));
    expect(strings(out, 'language')).toEqual([...Object.keys(SENTENCES), null, null]);
    const scores = numbers(out, 'language_score');
    expect(scores.slice(-2)).toEqual([null, null]);
    const seconds = numbers(out, 'language_score_2');
    for (let i = 0; i < 12; i++) {
      expect(scores[i]).toBeGreaterThan(0.5);
      expect(scores[i]! + seconds[i]!).toBeLessThanOrEqual(1);
    }
  });

  it('keeps the languages that are wanted, by the rule', async () => {
    const steps = [annotate(language({ keep: ['en', 'de'], labels: ['fr'] })), drop('language', languageRules())];
    const out = await ran(batch, ...steps);
    expect([...out.aliveRows()]).toEqual([0, 1]);
    expect(numbers(out, 'language_keep_score').slice(2)).toEqual(Array.from({ length: 12 }, () => 0));
    expect(numbers(out, 'language_fr')[2]).toBe(numbers(out, 'language_score')[2]);
    const all = await ran(batch, steps[0], drop('language', languageRules({ minScore: 1 })));
    expect(all.aliveRows().length).toBe(0);
  });

  it('reads as much of a document as it is told, also of one of 20 MB, and reads eld and fastText models', async () => {
    const long = batchOf([`${SENTENCES.en}\n${SENTENCES.ru.repeat(50)}`, `${SENTENCES.ru} `.repeat(160_000)]);
    expect(strings(await ran(long, annotate(language())), 'language')).toEqual(['ru', 'ru']);
    expect(strings(await ran(long, annotate(language({ maxBytes: 80 }))), 'language')).toEqual(['en', 'ru']);
    const eld = await ran(batch, annotate(language({ model: 'eld', keep: ['de'] })));
    expect(strings(eld, 'language')).toEqual([...Object.keys(SENTENCES), null, null]);
    expect(numbers(eld, 'language_keep_score').map((s) => s! > 0)).toEqual([...Array(14).keys()].map((i) => i === 1));
    expect(strings(await ran(batch, annotate(language({ model }))), 'language')[0]).toMatch(/^l\d$/);
  });

  it('refuses languages that its model does not know, and models that are not there', async () => {
    await expect(ran(batch, annotate(language({ keep: ['xx'] })))).rejects.toThrow(/languages of the model.*got xx/);
    expect(() => language({ model: '/no/such.bin' })).toThrow(ConfigError);
  });

  it('has probabilities on the scale of its file, in the same order of labels', async () => {
    const file = readLanguageModel(LANGUAGE_MODEL);
    const { values, offsets } = utf8Column(Object.values(SENTENCES));
    const at = async (scale: number) =>
      (await loadLanguageModel({ ...file, scale })).predict(values, offsets, 12, null, 57, 1 << 20);
    const [plain, twice, shipped] = [await at(1), await at(2), await at(file.scale ?? 1)];
    plain.forEach((p, row) => {
      const squares = p!.scores.map((s) => s * s);
      const sum = squares.reduce((a, b) => a + b);
      expect(twice[row]!.labels).toEqual(p!.labels);
      twice[row]!.scores.forEach((s, i) => {
        expect(s).toBeCloseTo(squares[i] / sum, 9);
      });
      expect(shipped[row]!.scores[0]).toBeGreaterThan(p!.scores[0]);
      expect(shipped[row]!.scores[0]).toBeGreaterThan(0.65);
    });
    const packed = join(await temporaryFolder(), 'm.bin');
    writeFileSync(packed, packLanguageModel({ ...file, scale: 3 }));
    expect(readLanguageModel(packed).scale).toBe(3);
  });

  it('sums the weights that the reference sums', async () => {
    const { bits, labels, weights } = readLanguageModel(LANGUAGE_MODEL);
    const kernel = await openLanguageKernel({ bits, labels: labels.length, weights });
    const texts = [...Object.values(SENTENCES), '', 'a', 'É', '日', 'ab\0cd  EF', `${'x'.repeat(700)} ü`];
    const { values, offsets } = utf8Column(texts);
    const { sums, counts } = kernel.sums(values, offsets, texts.length, null, 1 << 20);
    texts.forEach((text, row) => {
      const want = referenceLanguage(Buffer.from(text), { bits, labels: labels.length, weights });
      expect([text, counts[row]]).toEqual([text, want.count]);
      expect(sums.slice(row * 64, row * 64 + labels.length)).toEqual(want.sums);
    });
  });
});

describe('fasttext()', () => {
  const oracle = JSON.parse(readFileSync(join(fixtures, 'oracle.json'), 'utf8')) as {
    readonly texts: readonly string[];
    readonly models: { readonly [name: string]: readonly (readonly (readonly [string, number])[])[] };
  };
  const want = oracle.models['subwords-softmax.bin'];
  const batch = batchOf(oracle.texts.slice(0, 30));

  it('writes the labels and probabilities of the library, and those of labels that it is asked for', async () => {
    const out = await ran(batch, annotate(fasttext({ model, most: 2, labels: ['l0', 'l9'] })));
    expect(strings(out, 'fasttext_label')).toEqual(want.slice(0, 30).map((row) => row[0][0]));
    expect(strings(out, 'fasttext_label_2')).toEqual(want.slice(0, 30).map((row) => row[1][0]));
    numbers(out, 'fasttext_score').forEach((s, i) => {
      expect(s).toBeCloseTo(want[i][0][1], 6);
    });
    for (let i = 0; i < 3; i++) expect(numbers(out, 'fasttext_l0')[i]).toBe(numbers(out, 'fasttext_score')[i]);
  });

  it('works in a plain pipe, and says what it lacks', async () => {
    const [out] = [await firstValueFrom(of(batch).pipe(annotate(fasttext({ model, as: 'edu' }))))];
    expect(strings(out, 'edu_label')).toEqual(want.slice(0, 30).map((row) => row[0][0]));
    expect(annotate(fasttext({ model: null })).descriptor.unset).toBe('model');
    await expect(ran(batch, annotate(fasttext({ model, labels: ['l10'] })))).rejects.toThrow(/label of the model/);
  });
});
