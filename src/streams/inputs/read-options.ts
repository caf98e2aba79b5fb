import * as z from 'zod';
import { encodingNamed } from '../codecs/encodings.ts';
import { FORMAT_NAMES } from '../formats/names.ts';

/** How input records become documents; sets the meaning of a run, so it is part of its hash. */
export const readOptions = z.strictObject({
  /**
   * Field that holds the text; dots reach into objects and lists (`content.body`, `messages.0.content`). A field whose
   * whole name has the dots wins.
   */
  textField: z.string().min(1).default('text'),
  /** Field that holds the id (string or number). Default `id`; a document without one is called `file#block.offset`. */
  idField: z.string().min(1).default('id'),
  /**
   * Where the domain comes from: `auto` (field `domain`, else `metadata.domain`, else `path`), `field:<dotted name>`,
   * `path` (first folder below the input root, else the file name without extension and shard number),
   * `constant:<name>`, `kind` (prose, code, table or other, by file extension: for folders of plain files).
   */
  domainFrom: z
    .string()
    .regex(/^(auto|path|kind|field:.+|constant:.+)$/, 'auto, path, kind, field:<name> or constant:<name>')
    .default('auto'),
  /** `auto`: by magic, then by name. */
  format: z.enum(['auto', ...FORMAT_NAMES]).default('auto'),
  /**
   * Encoding of the text of JSON, CSV and text files; absent: UTF-8. A byte order mark of another one wins. `latin1` is
   * read as `windows-1252`, `gbk` as `gb18030`.
   */
  encoding: z
    .string()
    .refine((name) => encodingNamed(name) !== undefined, 'an encoding that is known, for example utf-16 or latin1')
    .transform((name) => (encodingNamed(name) === 'utf-8' ? undefined : encodingNamed(name)))
    .optional(),
  /**
   * Metadata fields to keep, by their names in the metadata; absent: all. Columns of Parquet and Arrow that are not
   * kept, nor hold text, id or domain, are not read.
   */
  columns: z.array(z.string().transform((name) => name.replace(/^metadata\./, ''))).optional(),
  /** Largest text of one record in bytes; a longer line goes to quarantine without being held. */
  maxLineBytes: z
    .int()
    .min(1024)
    .default(16 * 1024 * 1024),
  /** Decompressed bytes per compressed byte that are believed, after the first 64 MB. */
  maxRatio: z.number().min(2).default(200),
});
export type ReadOptions = z.infer<typeof readOptions>;
export type ReadOptionsInput = z.input<typeof readOptions>;
