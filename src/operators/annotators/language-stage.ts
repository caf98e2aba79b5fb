import { ConfigError } from '../../errors.ts';
import { MOST_LANGUAGE_BYTES } from '../../kernels/language.ts';
import { probabilityOf } from '../../models/classifiers/fasttext-scores.ts';
import type { Ranked } from '../../models/classifiers/label-heap.ts';
import { loadLanguageModel } from '../../models/classifiers/language.ts';
import { float64Column, stringAt, type Utf8Column } from '../../streams/batch/columns.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';
import { openFastText } from './fasttext-stage.ts';
import { columnOfLabel, headsOf, labelColumns, labelColumnsOf } from './label-columns.ts';

interface Options {
  readonly model: string;
  readonly most: number;
  readonly keep: readonly string[];
  readonly labels: readonly string[];
  readonly maxBytes: number | null;
  readonly hash: string | null;
}

/** Ranks the languages of texts; scores are probabilities. */
interface Detector {
  readonly labels: readonly string[];
  detect(text: Utf8Column, rows: number, scope: Uint8Array, most: number): (Ranked | null)[];
}

async function detectorOf({ model, hash, maxBytes }: Options): Promise<Detector> {
  if (model === 'eld') return eldDetector(maxBytes);
  if (model === 'sluice') {
    const own = await loadLanguageModel();
    const bytes = Math.min(maxBytes ?? MOST_LANGUAGE_BYTES, MOST_LANGUAGE_BYTES);
    return {
      labels: own.labels,
      detect: ({ values, offsets }, rows, scope, most) => own.predict(values, offsets, rows, scope, most, bytes),
    };
  }
  const fasttext = await openFastText(model, hash, 'language()');
  return {
    labels: fasttext.labels,
    detect(text, rows, scope, most) {
      const { values, offsets } = headsOf(text, rows, maxBytes);
      const ranked = fasttext.predict(values, offsets, rows, scope, most);
      return ranked.map((r) => r && { labels: r.labels, scores: r.scores.map(probabilityOf) });
    },
  };
}

/** What is used of the package. */
interface Eld {
  info(): { readonly Languages: { readonly [key: string]: string } };
  detect(text: string): { readonly language: string; getScores(): { readonly [language: string]: number } };
}

async function eldDetector(maxBytes: number | null): Promise<Detector> {
  const { eld } = await importEld();
  const labels = Object.values(eld.info().Languages);
  return {
    labels,
    detect: (text, rows, scope, most) => {
      const heads = headsOf(text, rows, maxBytes);
      return Array.from({ length: rows }, (_, row) => {
        if (scope[row] === 0) return null;
        const found = eld.detect(stringAt(heads, row) ?? '');
        if (found.language === '') return null;
        const scores = Object.entries(found.getScores())
          .sort(([, a], [, b]) => b - a)
          .slice(0, most);
        return { labels: scores.map(([l]) => labels.indexOf(l)), scores: scores.map(([, s]) => s) };
      });
    },
  };
}

/** A name that is no literal: the package is optional. */
const ELD: string = 'eld/small';

async function importEld(): Promise<{ readonly eld: Eld }> {
  try {
    return (await import(ELD)) as { readonly eld: Eld };
  } catch (cause) {
    throw new ConfigError({
      problem: 'the optional package eld is not installed',
      expected: 'the package eld',
      got: (cause as Error).message,
      where: 'language()',
      fix: 'Install it: npm install eld@2.1.0. Or use the model that ships: language().',
      cause,
    });
  }
}

/** Computes the columns of `language()`; loads its model, once a worker. */
export const annotator: AnnotatorFactory = async (given) => {
  const options = given as unknown as Options;
  const { most, keep, labels } = options;
  const detector = await detectorOf(options);
  const unknown = [...keep, ...labels].filter((l) => !detector.labels.includes(l));
  if (unknown.length > 0)
    throw new ConfigError({
      expected: `languages of the model (${detector.labels.join(', ')})`,
      got: unknown.join(', '),
      where: 'language()',
    });
  const specs = labelColumns('language', 'language_score', most);
  const asked = labels.length > 0 ? detector.labels.length : most;
  const wanted = new Set(keep.map((l) => detector.labels.indexOf(l)));
  return (batch, scope) => {
    const ranked = detector.detect(batch.utf8('text'), batch.rows, scope, asked);
    const own = labels.map((label) => {
      const index = detector.labels.indexOf(label);
      const scoreOf = (r: Ranked): number => r.scores[r.labels.indexOf(index)] ?? 0;
      return [
        columnOfLabel('language', label),
        Float64Array.from(ranked, (r) => (r ? scoreOf(r) : Number.NaN)),
      ] as const;
    });
    const kept = Float64Array.from(ranked, (r, row) => {
      if (scope[row] === 0) return Number.NaN;
      return r !== null && wanted.has(r.labels[0]) ? r.scores[0] : 0;
    });
    return [
      ...labelColumnsOf(specs, ranked, detector.labels),
      ...own.map(([name, values]) => [name, float64Column(values)] as const),
      ...(keep.length > 0 ? [['language_keep_score', float64Column(kept)] as const] : []),
    ];
  };
};
