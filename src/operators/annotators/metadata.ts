import * as z from 'zod';
import { annotator } from '../annotator.ts';

const fields = z
  .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'names of fields; dots reach into objects'))
  .min(1);

/** Name of the column of a metadata field: `source.license` is `metadata_source_license`. */
export const metadataColumn = (field: string): string => `metadata_${field.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;

/**
 * Fields of the metadata as text columns, so that they stand in the ledger, in SQL and in data cards. A number or a
 * boolean is written as JSON has it, an object or a list as JSON; what is absent or null is null.
 *
 * Writes metadata_<field> for each. Errors: ConfigError for two fields whose columns have one name.
 */
export const metadataFields = annotator({
  call: 'metadataFields()',
  name: 'metadata',
  version: 1,
  stage: 'annotators/metadata',
  options: z.strictObject({ fields }),
  describe: (options) => ({
    options: { fields: options.fields, columns: options.fields.map(metadataColumn) },
    reads: ['metadata'],
    writes: options.fields.map((f) => ({ name: metadataColumn(f), type: 'utf8' as const })),
  }),
});
