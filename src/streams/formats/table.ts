import { arrow } from './arrow.ts';
import { csv } from './csv.ts';
import type { InputFormat } from './format.ts';
import { json } from './json-array.ts';
import { jsonl } from './jsonl.ts';
import type { Format } from './names.ts';
import { parquet } from './parquet.ts';
import { text } from './text.ts';
import { warc } from './warc.ts';

/** Every input format. */
export const FORMATS: Readonly<Record<Format, InputFormat>> = { parquet, arrow, jsonl, json, csv, text, warc };
