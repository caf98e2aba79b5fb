// Commands in a folder of their own, with a small input.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
export const corpora = process.env.SLUICE_CORPORA ?? resolve(root, '../shared/corpora');
export const python = process.env.SLUICE_PYTHON;
export const cwd = mkdtempSync(join(tmpdir(), 'sluice-first-week-'));

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
export const asked = (command: string, args: readonly string[]): Said => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return { code: status, out: stdout, err: stderr };
};
export const sluice = (...args: string[]): Said => asked(process.execPath, [join(root, 'dist/cli.js'), ...args]);
/** As on a terminal of 80 columns. */
export const on80 = (...args: string[]): Said =>
  asked('script', [
    '-qec',
    `stty cols 80; ${[process.execPath, join(root, 'dist/cli.js'), ...args].join(' ')}`,
    '/dev/null',
  ]);
export function sql(run: string, query: string): Record<string, number> {
  const { out, err, code: status } = sluice('sql', run, '--json', query);
  if (status !== 0) throw new Error(err);
  return (JSON.parse(out) as Record<string, number>[])[0];
}
export interface Totals {
  readonly read: { documents: number; bytes: number; tokens: number };
  readonly kept: { documents: number; bytes: number };
  readonly cutBytes: number;
  readonly addedBytes: number;
}
export const totals = (run: string): Totals =>
  (JSON.parse(readFileSync(join(cwd, run, 'run.json'), 'utf8')) as { totals: Totals }).totals;
export const events = (said: Said): Record<string, unknown>[] =>
  said.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
export const near = (a: number, b: number, by: number): boolean => Math.abs(a / b - 1) <= by;
export const shown = (a: number, b: number): string => `${a} and ${b}`;

const words = 'river mill wheel water stone miller night bridge field harvest grain winter summer road village'.split(
  ' ',
);
/** Prose of its own in each document, with a line that the rules of C4 cut. */
const prose = (n: number): string => [...sentences(n), '\nread more'].join(' ');
const sentences = (n: number): string[] =>
  Array.from({ length: 9 }, (_, i) => {
    const word = (k: number): string => words[(n * 7 + i * 5 + k * (n % 11)) % words.length];
    return `The ${word(1)} and the ${word(2)} of the year ${n} were ${word(3)} to the ${word(4)}, as ${word(5)} said.`;
  });
const code = (n: number): string =>
  `def area_${n}(width, height):\n    """Area of figure ${n}."""\n    total = width * height + ${n}\n` +
  `    for step in range(${n}, 90):\n        total -= step % ${n + 2}\n    return [total, "${words[n % 15]}"]\n`;
const records = [
  ...Array.from({ length: 120 }, (_, n) => ({ id: `prose-${n}-abcdef`, text: prose(n), domain: 'books' })),
  ...Array.from({ length: 40 }, (_, n) => ({ id: `code-${n}`, text: code(n), domain: 'code' })),
];
writeFileSync(join(cwd, 'in.jsonl'), records.map((r) => JSON.stringify(r)).join('\n'));
writeFileSync(join(cwd, 'content.jsonl'), records.map(({ text }) => JSON.stringify({ content: text })).join('\n'));
writeFileSync(
  join(cwd, 'sinks.ts'),
  "import { arrow, dedup, jsonl, recipe } from 'sluice';\n" +
    "export default recipe({ name: 's', steps: [dedup.exact()], sinks: [jsonl(), arrow({ name: 'tables' })] });\n",
);

/** Documents of lines that no two of them share. */
export function writeLarge(name: string, bytes: number): void {
  const line = (n: number): string => sentences(n).join(' ').replaceAll('the', `the ${n}`);
  const one = Buffer.byteLength(line(1000));
  const lines = Array.from({ length: Math.ceil(bytes / one) }, (_, n) => JSON.stringify({ id: `${n}`, text: line(n) }));
  writeFileSync(join(cwd, name), lines.join('\n'));
}
