import { GuardError, SluiceError } from '../errors.ts';
import { displayWidth, safeText } from '../safe-text.ts';
import { program } from './program.ts';
import { styleFor, wrapped } from './terminal/terminal.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, guard: 3, alerts: 4, interrupted: 130 } as const;

/** A command that has said all there is to say. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Exit code of an error; errors from a worker are known by their code, not by their class. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Exit) return error.code;
  if (!(error instanceof SluiceError)) return EXIT.failed;
  if (error.code === 'config') return EXIT.usage;
  return error.code === 'guard' ? EXIT.guard : EXIT.failed;
}

/** An error as the event that `--json` prints. */
export function errorEvent(error: unknown): { readonly [key: string]: unknown } {
  const exitCode = exitCodeOf(error);
  if (error instanceof SluiceError) {
    const { problem = null, expected, got, where = null, fix = null } = error.parts;
    const saw = error instanceof GuardError ? { saw: error.saw } : {};
    const parts = { problem, expected, got, where, fix };
    return { type: 'error', code: error.code, exitCode, message: error.message, ...parts, ...saw };
  }
  const message = error instanceof Error ? error.message : String(error);
  const parts = { problem: null, expected: null, got: null, where: null, fix: null };
  return { type: 'error', code: 'unexpected', exitCode, message, ...parts };
}

/**
 * Prints an error on standard error for a person: where, the problem (or what was expected and what was there), and how
 * to fix it. A stack only with SLUICE_DEBUG.
 */
export function printError(error: unknown): void {
  if (error instanceof Exit) return;
  const style = styleFor(process.stderr);
  const lines: string[] = [];
  if (error instanceof SluiceError) {
    const { problem, expected, got, where, fix } = error.parts;
    const head = style.red(error.code === 'guard' ? 'stopped by a guard' : 'error');
    const place = where ? style.bold(safeText(where)) : '';
    if (problem !== undefined) {
      lines.push(`${head}  ${hanging(problem, '       ')}`);
      if (where) lines.push(`  in        ${place}`);
    } else {
      lines.push([head, place].filter(Boolean).join('  '));
      lines.push(`  expected  ${hanging(expected)}`);
      lines.push(`  got       ${hanging(pastable(got))}`);
    }
    if (fix) lines.push(`  ${style.cyan('fix')}       ${hanging(pastable(fix))}`);
  } else {
    const system = error instanceof Error && 'syscall' in error;
    const message =
      error instanceof Error && !system
        ? `${error.name}: ${error.message}`
        : String((error as Error)?.message ?? error);
    const fix = system
      ? 'Check that the path exists, that you may read and write it, and that the disk is not full.'
      : 'This is a bug in Sluice, not in your data. Run again with SLUICE_DEBUG=1 and report what it prints.';
    lines.push(`${style.red('error')}  ${safeText(message)}`, `  ${style.cyan('fix')}       ${fix}`);
  }
  process.stderr.write(`${lines.join('\n')}\n`);
  if (process.env.SLUICE_DEBUG && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
}

/**
 * Text beside a label, its further lines below its beginning: it may be a compiler's message of several lines, and a
 * long line is broken between words on a terminal.
 */
const hanging = (text: string, indent = ' '.repeat(12)): string =>
  text
    .split('\n')
    .flatMap((line) => (process.stderr.isTTY ? brokenLine(safeText(line)) : [safeText(line)]))
    .join(`\n${indent}`);

/** Only a line that is too long: others keep their spaces, which may point at something. */
const brokenLine = (line: string): string[] => {
  const width = Math.max(80, process.stderr.columns ?? 100) - 12;
  return displayWidth(line) <= width ? [line] : wrapped(line, width);
};

/** A sentence whose commands read as the user would type them. */
const pastable = (fix: string): string =>
  program() === 'sluice' ? fix : fix.replace(/(?<=^|[:`] ?)sluice (?=[a-z])/g, `${program()} `);

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
