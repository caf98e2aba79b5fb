import { SLUICE_VERSION } from '../version.ts';
import type { Command } from './command.ts';
import type { Terminal } from './terminal/terminal.ts';
import { paintedWidth, tableLines, wrapped } from './terminal/terminal.ts';

/** The commands as the first help shows them. */
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export type CommandTable = { readonly [name: string]: CommandEntry };

/** `sluice`, `sluice --help`. */
export function printHelp({ out, style, width }: Terminal, commands: CommandTable): void {
  out(
    `${style.bold('sluice')} ${SLUICE_VERSION}: filter and deduplicate a text corpus, with a reason for ` +
      'every document dropped',
  );
  out();
  out(style.bold('Commands'));
  const rows = Object.entries(commands).map(([name, c]) => [style.cyan(name), c.summary]);
  for (const line of tableLines([{}, { max: width - 16 }], rows)) out(line);
  out();
  out(style.bold('Start here'));
  const start = [
    ["sluice run quickstart --input 'data/*.jsonl.gz'", 'run a built-in recipe'],
    ['sluice inspect data', 'see what is in the files'],
    ['sluice init', 'write a recipe to edit'],
    ['sluice help run', 'options and examples'],
  ];
  for (const line of tableLines([{}, {}], start)) out(line);
  out();
  for (const line of wrapped(
    'Exit codes: 0 done, 1 failed, 2 bad usage or recipe, 3 stopped by a guard, 4 done with alerts ' +
      '(--fail-on-alert), 130 interrupted (run the ' +
      'same command again to resume).',
    width,
  ))
    out(style.dim(line));
}

/** `sluice help <command>`, `sluice <command> --help`. */
export async function printCommandHelp(
  { out, style, width }: Terminal,
  name: string,
  { help }: Command,
): Promise<void> {
  out(`${style.bold(`sluice ${name}`)} ${help.usage}`.trimEnd());
  out();
  for (const line of help.about.split('\n').flatMap((p) => wrapped(p, width))) out(line);
  const options = Object.entries(help.options);
  if (options.length > 0) {
    out();
    out(style.bold('Options'));
    const left = options.map(
      ([option, o]) => `--${option}${o.value ? (o.optional ? `[=${o.value}]` : ` ${o.value}`) : ''}`,
    );
    const column = Math.min(28, Math.max(...left.map((l) => l.length)));
    options.forEach(([, o], i) => {
      const lines = wrapped(o.many ? `${o.help} (repeatable)` : o.help, width - column - 4);
      out(`  ${style.cyan(left[i])}${' '.repeat(Math.max(0, column - left[i].length))}  ${lines[0]}`);
      for (const line of lines.slice(1)) out(' '.repeat(column + 4) + line);
    });
  }
  out();
  out(style.bold('Examples'));
  for (const [command, does] of help.examples) {
    out(`  ${command}`);
    out(`      ${style.dim(does)}`);
  }
  const more = (await help.more?.()) ?? [];
  if (more.length > 0) out();
  for (const line of more) for (const part of hanging(line, width)) out(part);
}

/** A line in as many as it takes, the further ones below its last column (what comes after two spaces or more). */
function hanging(line: string, width: number): string[] {
  if (paintedWidth(line) <= width) return [line];
  const [column] = /^ *\S+ {2,}| */.exec(line) ?? [''];
  const [first, ...rest] = wrapped(line.slice(column.length), width - column.length);
  return [column + first, ...rest.map((part) => ' '.repeat(column.length) + part)];
}
