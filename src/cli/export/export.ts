import { ConfigError } from '../../errors.ts';
import { exportTokens } from '../../run/export/export.ts';
import { parseBytes } from '../../run/options.ts';
import { safeText } from '../../safe-text.ts';
import { EXPORTS, exportFormat } from '../../sinks/exports/table.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { EXIT } from '../failure.ts';
import { count, plural, shownPath } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';

const options = {
  to: { value: 'FORMAT', help: `${EXPORTS.map((f) => f.name).join(', ')}: see below.` },
  output: { value: 'DIR', help: 'A new folder, or that of an earlier export, which is replaced.' },
  'val-share': {
    value: 'SHARE',
    help: 'Documents put apart for validation, by a hash of their tokens. Default 0.01 for nanogpt and llm.c, else 0.',
  },
  packing: {
    value: 'HOW',
    help:
      'documents: a row is a document. concat, best-fit: a row is a sequence, as `sluice feed` cuts them. ' +
      'Default concat for mds and parquet; the others take documents.',
  },
  context: { value: 'N', help: 'Tokens of a sequence. Default 2048.' },
  window: { value: 'SPLITS', help: 'Splits that best-fit packs together. Default 8.' },
  domain: { value: 'NAME', many: true, help: 'Only documents of this domain; may be given again. Default: all.' },
  sink: { value: 'NAME', help: 'Which store of tokens, where a run has several.' },
  memory: { value: 'SIZE', help: 'For indexes of documents. Default 64MB.' },
  json: { help: 'The report as JSON on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('export', args, options, ['run-dir...']);
  const report = await exportTokens({
    stores: positionals,
    sink: values.sink ?? null,
    format: exportFormat(needed(values.to, '--to', EXPORTS.map((f) => f.name).join(', '))),
    domains: values.domain,
    output: needed(values.output, '--output', 'a folder for the files'),
    valShare: values['val-share'] === undefined ? undefined : Number(values['val-share']),
    packing: packingFrom(values.packing),
    contextLength: wholeNumber(values.context, '--context'),
    windowSplits: wholeNumber(values.window, '--window'),
    cacheBytes: parseBytes(values.memory ?? '64MB', '--memory', 1e6),
  });
  const { out, style } = standardOutput();
  if (values.json) {
    out(JSON.stringify(report));
    return EXIT.done;
  }
  const { documents, tokens, empty, parts, files, notes } = report;
  out(`${style.bold('Exported')}  ${plural(documents, 'document')}, ${plural(tokens, 'token')} as ${report.format}`);
  for (const [part, { rows, tokens: own }] of Object.entries(parts))
    out(`  ${part.padEnd(6)} ${plural(rows, 'row')}, ${plural(own, 'token')}`);
  if (empty > 0) out(`  ${plural(empty, 'document')} without a token cannot stand in this format`);
  const shown = files.slice(0, 6).map(safeText).join(', ');
  const more = files.length > 6 ? `, ... (${count(files.length)})` : '';
  out(`${style.bold('Files')}     ${shownPath(report.output)}: ${shown}${more}`);
  for (const note of notes) out(style.yellow(`  ${note}`));
  return EXIT.done;
}

function needed(value: string | undefined, option: string, expected: string): string {
  if (value !== undefined) return value;
  throw new ConfigError({ expected: `${option}: ${expected}`, got: 'nothing', where: 'sluice export' });
}

function packingFrom(value: string | undefined): 'documents' | 'concat' | 'best-fit' | undefined {
  if (value === undefined || value === 'documents' || value === 'concat' || value === 'best-fit') return value;
  throw new ConfigError({ expected: 'documents, concat or best-fit', got: `'${value}'`, where: '--packing' });
}

/** `sluice export`: the tokens of runs as the files that trainers read. */
export const exportCommand: Command = {
  help: {
    usage: '<run-dir>... --to FORMAT --output DIR [options]',
    about:
      'Writes the tokens of finished runs as files that a trainer reads by itself, without a feed. Every token and ' +
      'document that was committed comes out, or it fails.',
    options,
    examples: [
      ['sluice run quickstart --input data/ --tokens gpt2/tokenizer.json', 'curate, and write tokens'],
      ['sluice export sluice-out/quickstart --to nanogpt --output data/mine', 'train.bin and val.bin'],
      ['sluice export out --to parquet --output rows --context 4096 --packing best-fit', 'sequences for load_dataset'],
    ],
    more: async () => ['Formats', ...EXPORTS.map((f) => `  ${f.name.padEnd(10)}${f.about}`)],
  },
  run,
};
