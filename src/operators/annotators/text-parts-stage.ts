import { PARTS, type PartColumn, type PartsOfBatch } from '../../kernels/parts.ts';
import { type Column, float64Column, int32Column, stringAt, utf8Column } from '../../streams/batch/columns.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';
import { partsOf } from '../parts-of-batch.ts';

/** Options of `textParts()`, checked. */
export interface TextPartsOptions {
  readonly mostly: number;
  readonly otherScript: number;
  readonly foreign: number;
  readonly foreignWords: number;
  readonly filler: number;
  readonly code: readonly string[];
  readonly table: readonly string[];
}

/** Computes the columns of `textParts()`. */
export const annotator: AnnotatorFactory = (given, { kernel }) => {
  const options = given as unknown as TextPartsOptions;
  return (batch, scope) => {
    const parts = partsOf(kernel, batch, scope);
    const domains = batch.utf8('domain');
    const kinds: (string | null)[] = [];
    for (let row = 0; row < batch.rows; row++)
      kinds.push(scope[row] === 0 ? null : kindOf(parts, row, stringAt(domains, row) ?? '', options));
    const columns = PARTS.map(({ name, type }, k): readonly [string, Column] => {
      const values = partColumn(parts, k, scope);
      return [name, type === 'int32' ? int32Column(values) : float64Column(values)];
    });
    return [['parts_kind', utf8Column(kinds)] as const, ...columns];
  };
};

function partColumn({ values }: PartsOfBatch, k: number, scope: Uint8Array): Float64Array {
  const out = new Float64Array(scope.length);
  for (let row = 0; row < scope.length; row++)
    out[row] = scope[row] === 0 ? Number.NaN : values[row * PARTS.length + k];
  return out;
}

const index = new Map(PARTS.map(({ name }, k) => [name as string, k]));

function kindOf({ values }: PartsOfBatch, row: number, domain: string, o: TextPartsOptions): string {
  if (o.code.includes(domain)) return 'code';
  if (o.table.includes(domain)) return 'table';
  // No value compares as false, as it should.
  const of = (name: PartColumn): number => values[row * PARTS.length + index.get(name)!];
  const [code, table] = [of('parts_code_ratio'), of('parts_table_ratio')];
  if (code + table >= o.mostly) return code >= table ? 'code' : 'table';
  const foreign =
    of('parts_foreign_words') >= o.foreignWords &&
    of('parts_foreign_ratio') >= o.foreign &&
    of('parts_foreign_ratio') > of('parts_english_ratio') &&
    of('parts_filler_ratio') <= o.filler;
  return foreign || of('parts_other_script_ratio') > o.otherScript ? 'other_language' : 'prose';
}
