/**
 * What a program has written to standard error, in one line for a message: of a Python that was ended by an exception
 * that one, with the place in the user's code, else the last three lines. Empty when it wrote nothing.
 */
export function lastWords(stderr: string): string {
  const lines = stderr.trimEnd().split('\n');
  return (exceptionOf(lines) ?? lastLines(lines)).slice(-LONGEST);
}

const LONGEST = 400;
const FRAME = /^ {2}File "(.+)", line (\d+)(?:, in (.+))?$/;
/** Files of Python, of its packages and of the helper: an exception that came from one was called for by another. */
const FOREIGN = /[\\/](site-packages|dist-packages|lib[\\/]python\d|sluice_filter)[\\/]|^</i;

const lastLines = (lines: readonly string[]): string =>
  lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join(' / ');

function exceptionOf(lines: readonly string[]): string | null {
  const last = lines.findLastIndex((line) => FRAME.test(line));
  if (last < 0) return null;
  // Below a frame its code is indented; the exception is not.
  const at = lines.findIndex((line, i) => i > last && /^\S/.test(line));
  if (at < 0) return null;
  const begin = lines.findLastIndex((line, i) => i < last && line.startsWith('Traceback '));
  const places = lines.slice(begin + 1, last + 1).flatMap((line) => {
    const found = FRAME.exec(line);
    return found ? [{ file: found[1], line: found[2], name: found[3] }] : [];
  });
  const own = places.findLast((p) => !FOREIGN.test(p.file)) ?? places[places.length - 1];
  const name = own.file.split(/[\\/]/).pop();
  return `${lines[at].slice(0, 300)} (${name}:${own.line}${own.name ? `, in ${own.name}` : ''})`;
}
