import { ConfigError, nearestName } from '../../errors.ts';
import { type FastText, fastTextHash, loadFastText } from '../../models/classifiers/fasttext.ts';
import { probabilityOf } from '../../models/classifiers/fasttext-scores.ts';
import { float64Column } from '../../streams/batch/columns.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';
import { columnOfLabel, headsOf, labelColumns, labelColumnsOf } from './label-columns.ts';

interface Options {
  readonly model: string | null;
  readonly most: number;
  readonly labels: readonly string[];
  readonly maxBytes: number | null;
  readonly as: string;
  readonly hash: string | null;
}

/** Opens a model whose hash a descriptor has. Errors: ConfigError for none, or another one; as `loadFastText`. */
export async function openFastText(path: string | null, hash: string | null, where: string): Promise<FastText> {
  if (path === null)
    throw new ConfigError({
      expected: 'a fastText model',
      got: 'none',
      where,
      fix: 'Name one: --set step.model=PATH.',
    });
  const found = fastTextHash(path);
  if (found === hash) return loadFastText(path);
  throw new ConfigError({
    expected: `the model with hash ${hash}`,
    got: found,
    where: path,
    fix: 'It was changed since the run began: put the old one back, or start over with --fresh.',
  });
}

/** Computes the columns of `fasttext()`; loads the model, once a worker. */
export const annotator: AnnotatorFactory = async (given) => {
  const { model: path, most, labels, maxBytes, as, hash } = given as unknown as Options;
  const model = await openFastText(path, hash, `annotator ${as}`);
  const wanted = labels.map((label) => {
    const index = model.labels.indexOf(label);
    if (index >= 0) return index;
    const near = nearestName(label, model.labels);
    const some = model.labels.slice(0, 20).join(', ');
    throw new ConfigError({
      expected: `a label of the model (${some}${model.labels.length > 20 ? ' ...' : ''})`,
      got: label,
      where: `annotator ${as}`,
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  });
  const specs = labelColumns(`${as}_label`, `${as}_score`, most);
  const asked = wanted.length > 0 ? model.labels.length : most;
  return (batch, scope) => {
    const { values, offsets } = headsOf(batch.utf8('text'), batch.rows, maxBytes);
    const ranked = model.predict(values, offsets, batch.rows, scope, asked);
    const chances = wanted.map((label) =>
      Float64Array.from(ranked, (r) => {
        if (r === null) return Number.NaN;
        const place = r.labels.indexOf(label);
        return place < 0 ? 0 : probabilityOf(r.scores[place]);
      }),
    );
    return [
      ...labelColumnsOf(specs, ranked, model.labels, probabilityOf),
      ...labels.map((label, i) => [columnOfLabel(as, label), float64Column(chances[i])] as const),
    ];
  };
};
