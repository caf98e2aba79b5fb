import { ConfigError, nearestName } from '../../errors.ts';
import type { ExportFormat } from './format.ts';
import { llmC } from './llm-c.ts';
import { mds } from './mds.ts';
import { megatron } from './megatron.ts';
import { nanogpt } from './nanogpt.ts';
import { parquetExport } from './parquet.ts';

/** What tokens can be exported to, by name: a new one is a file and a line. */
export const EXPORTS: readonly ExportFormat[] = [nanogpt, llmC(), megatron, mds(), parquetExport()];

/** Errors: ConfigError for a name that there is not. */
export function exportFormat(name: string): ExportFormat {
  const found = EXPORTS.find((f) => f.name === name);
  if (found) return found;
  const names = EXPORTS.map((f) => f.name);
  const near = nearestName(name, names);
  throw new ConfigError({
    expected: `a format: ${names.join(', ')}`,
    got: `'${name}'`,
    where: '--to',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}
