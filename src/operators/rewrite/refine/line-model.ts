import { readFileSync } from 'node:fs';
import type { LineChunk } from './line-chunks.ts';

/**
 * A classifier of lines, logistic regression over the features below; `scripts/make/line-refiner.ts` trains it on noise
 * planted into clean documents.
 */
export interface LineModel {
  readonly format: 1;
  readonly bias: number;
  readonly weights: readonly number[];
  /** A line goes when its probability of being noise is higher. */
  readonly threshold: number;
}

/** The model that ships. */
const FILE = new URL('../../../../models/refiner/lines.json', import.meta.url);

export const loadLineModel = (file: URL = FILE): LineModel => JSON.parse(readFileSync(file, 'utf8')) as LineModel;

const WORD_BUCKETS = 512;
const DENSE = 22;
/** Length of a vector of features. */
export const FEATURES = DENSE + WORD_BUCKETS;

const FUNCTION_WORDS = new Set(
  'the of and to in a is that it was for on as with he be by at are this from his but not have had or an were'.split(
    ' ',
  ),
);

/** Features of a line as pairs of index and value; those that are 0 are left out. */
export function lineFeatures(lines: readonly string[], at: number): [number, number][] {
  const line = lines[at].trim();
  const words = line.split(/\s+/).filter(Boolean);
  const chars = Math.max(1, line.length);
  const count = (pattern: RegExp): number => line.match(pattern)?.length ?? 0;
  const near = (i: number): string => lines[i]?.trim() ?? '';
  const ends = (text: string): boolean => /[.!?:]["')\u201d\u2019]?$/.test(text);
  const lower = words.map((w) =>
    w.replace(/[^A-Za-z]/g, '').replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32)),
  );
  const dense = [
    Math.log1p(chars) / 5,
    Math.log1p(words.length) / 4,
    words.length <= 3 ? 1 : 0,
    words.length > 12 ? 1 : 0,
    count(/[A-Za-z]/g) / chars,
    count(/[0-9]/g) / chars,
    count(/[A-Z]/g) / chars,
    count(/[^A-Za-z0-9\s.,;:'"()\u2018-\u201d-]/g) / chars,
    words.filter((w) => /^[A-Z]/.test(w)).length / Math.max(1, words.length),
    lower.filter((w) => FUNCTION_WORDS.has(w)).length / Math.max(1, words.length),
    ends(line) ? 1 : 0,
    /[,;]$/.test(line) ? 1 : 0,
    /https?:\/\/|www\.|\w@\w/.test(line) ? 1 : 0,
    Math.min(4, count(/[|\u00bb\u203a>\u00b7\u2022]/g)) / 4,
    Math.min(4, count(/[!$%#*]/g)) / 4,
    /^[a-z]/.test(line) ? 1 : 0,
    line === '' ? 1 : 0,
    Math.log1p(near(at - 1).length) / 5,
    Math.log1p(near(at + 1).length) / 5,
    ends(near(at - 1)) ? 1 : 0,
    ends(near(at + 1)) ? 1 : 0,
    line.length > 3 && lines.filter((l) => l.trim() === line).length > 1 ? 1 : 0,
  ];
  const pairs = dense.map((v, i): [number, number] => [i, v]).filter(([, v]) => v !== 0);
  const seen = new Set<number>();
  for (const word of lower.slice(0, 12)) {
    if (word.length < 2) continue;
    let hash = 0x811c9dc5;
    for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
    seen.add(DENSE + ((hash >>> 0) % WORD_BUCKETS));
  }
  for (const bucket of seen) pairs.push([bucket, 1]);
  return pairs;
}

/** Probability that a line is noise. */
export function noiseOf(model: Pick<LineModel, 'bias' | 'weights'>, features: readonly [number, number][]): number {
  let sum = model.bias;
  for (const [i, value] of features) sum += model.weights[i] * value;
  return 1 / (1 + Math.exp(-sum));
}

/** The program that the classifier writes for a chunk of a document. @param lines all lines of the document */
export function lineModelProgram(model: LineModel, chunk: LineChunk, lines: readonly string[]): string {
  const goes = chunk.lines.map(
    (line, i) => line.trim() !== '' && noiseOf(model, lineFeatures(lines, chunk.first + i)) > model.threshold,
  );
  const calls: string[] = [];
  for (let i = 0; i < goes.length; i++) {
    if (!goes[i]) continue;
    const start = i;
    while (i + 1 < goes.length && goes[i + 1]) i++;
    calls.push(`remove_lines(${chunk.first + start}, ${chunk.first + i})`);
  }
  return calls.length === 0 ? 'keep_chunk()' : calls.join('\n');
}
