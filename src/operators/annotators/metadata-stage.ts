import { stringAt, utf8Column } from '../../streams/batch/columns.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';

/** Computes the columns of `metadataFields()`. */
export const annotator: AnnotatorFactory = (options) => {
  const fields = options.fields as readonly string[];
  const columns = options.columns as readonly string[];
  return (batch, scope) => {
    const metadata = batch.utf8('metadata');
    const found: (string | null)[][] = fields.map(() => new Array<string | null>(batch.rows).fill(null));
    for (let row = 0; row < batch.rows; row++) {
      const json = scope[row] === 1 ? stringAt(metadata, row) : null;
      if (json === null || json === '') continue;
      const record: unknown = JSON.parse(json);
      fields.forEach((field, k) => {
        found[k][row] = textOf(at(record, field));
      });
    }
    return columns.map((name, k) => [name, utf8Column(found[k])] as const);
  };
};

/** A field by its whole name, else along its dots. */
function at(record: unknown, field: string): unknown {
  if (typeof record !== 'object' || record === null) return undefined;
  const own = record as { readonly [key: string]: unknown };
  if (Object.hasOwn(own, field)) return own[field];
  const dot = field.indexOf('.');
  if (dot < 0 || !Object.hasOwn(own, field.slice(0, dot))) return undefined;
  return at(own[field.slice(0, dot)], field.slice(dot + 1));
}

const textOf = (v: unknown): string | null =>
  v === undefined || v === null ? null : typeof v === 'string' ? v : JSON.stringify(v);
