/** What a file can hold once unpacked. Each has its file in this folder and its line in `table.ts`. */
export const FORMAT_NAMES = ['parquet', 'arrow', 'jsonl', 'json', 'csv', 'text', 'warc'] as const;
export type Format = (typeof FORMAT_NAMES)[number];

/** What ends a field of CSV. */
export type Delimiter = ',' | '\t' | ';' | '|';
