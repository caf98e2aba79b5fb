import type { SinkDescriptor } from './options.ts';

/** What the README of a run directory says. */
export interface ReadmeInput {
  readonly name: string;
  readonly description?: string;
  /** Sinks with rows only: `folder` relative to the run directory. */
  readonly sinks: readonly {
    readonly name: string;
    readonly folder: string;
    readonly kind: SinkDescriptor['kind'];
    readonly extension: string;
  }[];
  readonly totals: readonly (readonly [label: string, value: string])[];
}

/** A YAML double-quoted scalar: JSON strings are YAML. */
const yaml = (s: string): string =>
  JSON.stringify(s).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Text that stays text in Markdown, on one line. */
const markdown = (s: string): string =>
  Array.from(s, (c) => (c < ' ' || c === '\u007f' || c === '\u2028' || c === '\u2029' ? ' ' : c))
    .join('')
    .replace(/[\\`*_{}[\]<>()#+!|~&]/g, (c) => `\\${c}`)
    .trim();

/** Does `datasets` open a kind of sink? A store of tokens is opened by its index. */
const OPENS = { parquet: true, jsonl: true, arrow: true, tokens: false } as const;

/**
 * How `datasets` opens a sink: by the name of its config, or, if it has another format than the first one, by its
 * folder, whose files have one format. The library takes a single builder for all configs of a README: the one that the
 * files of the first config ask for (`infer_module_for_data_files`, version 5.2), so a config of another
 * format would be opened as the wrong one. The path must be absolute or have a name: "." is refused.
 */
function loadCall({ name, folder, kind }: ReadmeInput['sinks'][number], first: string): string {
  return kind === first
    ? `load_dataset(run, ${yaml(name)}, split="train")`
    : `load_dataset(run + ${yaml(`/${folder}`)}, split="train")`;
}

/**
 * README.md of a run directory. Its `configs:` block lets `load_dataset("<run dir>", "documents")` open the
 * data by name, and `"ledger"` too where it has the format of the documents; `documents` is the default. What
 * has another format is opened by its folder instead: see `loadCall`. (Source: dataset card metadata of the Hugging
 * Face Hub.)
 */
export function runReadme({ name, description = '', sinks, totals }: ReadmeInput): string {
  const tables = sinks.filter((s) => OPENS[s.kind]);
  const stores = sinks.filter((s) => !OPENS[s.kind]);
  const named = tables.filter(({ kind }) => kind === tables[0].kind);
  const configs = named.flatMap((s, i) => [
    `  - config_name: ${yaml(s.name)}`,
    ...(i === 0 ? ['    default: true'] : []),
    '    data_files:',
    '      - split: train',
    `        path: ${yaml(`${s.folder}/part-*.${s.extension}`)}`,
  ]);
  return [
    '---',
    ...(tables.length > 0 ? ['configs:', ...configs] : []),
    'tags:',
    '  - sluice',
    '---',
    '',
    `# ${markdown(name) || 'A run'}`,
    '',
    ...(description ? [markdown(description), ''] : []),
    '| | |',
    '|---|---|',
    ...totals.map(([label, value]) => `| ${markdown(label)} | ${markdown(value)} |`),
    '',
    'Open it with the `datasets` library of Hugging Face, or query it with `sluice sql`:',
    '',
    '```python',
    'import os',
    'from datasets import load_dataset',
    '',
    'run = os.getcwd()  # or the path of this folder',
    ...tables.map((s) => `${s.name.replace(/[^a-z0-9]/g, '_')} = ${loadCall(s, tables[0].kind)}`),
    '```',
    '',
    ...stores.map(
      ({ folder }) =>
        `\`${folder}/\` holds token ids for a trainer: \`sluice feed .\` serves them as sequences. Its ` +
        'files `*.bin` are plain little-endian numbers, and `*.index.parquet` lists their documents.\n',
    ),
    'Made by Sluice. `run.json` holds the recipe, the versions and all totals. `ledger` has a row for ' +
      'every document with ' +
      'the reason why it was dropped.',
    '',
  ].join('\n');
}
