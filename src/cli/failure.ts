import { GuardError, SluiceError } from '../errors.ts';
import { displayWidth, safeText } from '../safe-text.ts';
import { program } from './program.ts';
import { styleFor, wrapped } from './terminal/terminal.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, guard: 3, interrupted: 130 } as const;

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
    const { expected, got, where = null, fix = null } = error.parts;
    const saw = error instanceof GuardError ? { saw: error.saw } : {};
    return { event: 'error', code: error.code, exitCode, message: error.message, expected, got, where, fix, ...saw };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { event: 'error', code: 'unexpected', exitCode, message, expected: null, got: null, where: null, fix: null };
}

/**
 * Prints an error on standard error for a person: where, what was expected, what came, what to do. A stack only with
 * SLUICE_DEBUG.
 */
export function printError(error: unknown): void {
  if (error instanceof Exit) return;
  const style = styleFor(process.stderr);
  const lines: string[] = [];
  if (error instanceof SluiceError) {
    const { expected, got, where, fix } = error.parts;
    lines.push(
      `${style.red(error.code === 'guard' ? 'stopped by a guard' : 'error')}${where ? `  ${style.bold(safeText(where))}` : ''}`,
    );
    lines.push(`  expected  ${hanging(expected)}`);
    lines.push(`  got       ${hanging(pastable(got))}`);
    if (fix) lines.push(`  ${style.cyan('fix')}       ${hanging(pastable(fix))}`);
  } else {
    const system = error instanceof Error && 'syscall' in error;
    const message =
      error instanceof Error && !system
        ? `${error.name}: ${error.message}`
        : String((error as Error)?.message ?? error);
    const fix = system
      ? 'The operating system refused. Check that the path exists, may be read and written, and that the disk is not full.'
      : 'This is a fault of Sluice, not of your data. Run again with SLUICE_DEBUG=1 and report what it prints.';
    lines.push(`${style.red('error')}  ${safeText(message)}`, `  ${style.cyan('fix')}       ${fix}`);
  }
  process.stderr.write(`${lines.join('\n')}\n`);
  if (process.env.SLUICE_DEBUG && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
}

/**
 * Lines below a label: what came may be the several of a compiler's message, and a long one is broken between words on
 * a terminal.
 */
const hanging = (text: string): string =>
  text
    .split('\n')
    .flatMap((line) => (process.stderr.isTTY ? brokenLine(safeText(line)) : [safeText(line)]))
    .join('\n            ');

/** Only a line that is too long: others keep their spaces, which may point at something. */
const brokenLine = (line: string): string[] => {
  const width = Math.max(80, process.stderr.columns ?? 100) - 12;
  return displayWidth(line) <= width ? [line] : wrapped(line, width);
};

/** Commands of ours in a sentence as the one who reads it would type them. */
const pastable = (fix: string): string =>
  program() === 'sluice' ? fix : fix.replace(/(?<=^|[:`] ?)sluice (?=[a-z])/g, `${program()} `);

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
