/** One operation of a program on the lines of a document. */
export type Operation =
  | { readonly call: 'remove_lines'; readonly start: number; readonly end: number }
  | { readonly call: 'remove_all' }
  | { readonly call: 'normalize'; readonly source: string; readonly target: string }
  | { readonly call: 'keep' };

/** A program as a generator wrote it, read. */
export interface Program {
  readonly operations: readonly Operation[];
  /** Calls that are none of these, or have arguments that they do not take. */
  readonly malformed: number;
}

/** Names that models give to the operation that does nothing. */
const KEEP = new Set(['keep_chunk', 'keep_all', 'keep_doc', 'untouch_doc', 'untouched']);

/**
 * Reads the calls of a program, one after the other, whatever stands between them. Arguments are plain or named, in
 * quotes of either kind (with `\` before a quote) or bare; a comma inside quotes is a comma.
 */
export function parseProgram(text: string): Program {
  const operations: Operation[] = [];
  let malformed = 0;
  for (const call of callsIn(text)) {
    const operation = call.closed ? operationOf(call.name, argumentsOf(call.inside)) : null;
    if (operation) operations.push(operation);
    else malformed++;
  }
  return { operations, malformed };
}

interface Call {
  readonly name: string;
  readonly inside: string;
  /** False: no bracket closes it. */
  readonly closed: boolean;
}

function callsIn(text: string): Call[] {
  const calls: Call[] = [];
  const begin = /(?<!\w)[A-Za-z_]\w*\(/g;
  for (let found = begin.exec(text); found; found = begin.exec(text)) {
    const from = begin.lastIndex;
    const end = closing(text, from);
    calls.push({
      name: found[0].slice(0, -1),
      inside: text.slice(from, end ?? lineEnd(text, from)),
      closed: end !== null,
    });
    begin.lastIndex = end === null ? lineEnd(text, from) : end + 1;
  }
  return calls;
}

const lineEnd = (text: string, from: number): number => {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
};

/** Where the bracket is that closes the arguments from a place on; quotes may hold anything but a line end. */
function closing(text: string, from: number): number | null {
  const end = lineEnd(text, from);
  let quote = '';
  for (let i = from; i < end; i++) {
    const c = text[i];
    if (c === '\\' && quote !== '') i++;
    else if (quote !== '') quote = c === quote ? '' : quote;
    else if ((c === '"' || c === "'") && /[(,=\s]$/.test(text.slice(from - 1, i))) quote = c;
    else if (c === ')') return i;
  }
  return null;
}

/** Values in their order; of `name=value` the value. */
function argumentsOf(inside: string): string[] {
  const values: string[] = [];
  const next = /\s*(?:[A-Za-z_]\w*\s*=\s*)?(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^,]*))\s*(?:,|$)/y;
  while (next.lastIndex < inside.length) {
    const found = next.exec(inside);
    if (!found) return ['', '', ''];
    const quoted = found[1] ?? found[2];
    values.push(quoted === undefined ? found[3].trim() : unescaped(quoted));
    if (found[0] === '') break;
  }
  return values;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, c: string) => ESCAPES[c] ?? c);

function operationOf(name: string, values: readonly string[]): Operation | null {
  if (KEEP.has(name)) return { call: 'keep' };
  if (name === 'normalize') {
    const [source, target = ''] = values;
    return values.length === 1 || values.length === 2 ? { call: 'normalize', source, target } : null;
  }
  if (name !== 'remove_lines') return null;
  if (values.length === 1 && values[0] === 'all') return { call: 'remove_all' };
  const [start, end = start] = values.map((v) =>
    /^\[?\d{1,9}\]?$/.test(v) ? Number(v.replace(/[[\]]/g, '')) : Number.NaN,
  );
  if (values.length < 1 || values.length > 2 || Number.isNaN(start) || Number.isNaN(end)) return null;
  return { call: 'remove_lines', start, end };
}

/** Whether the program of a document says that it goes: it does when `drop` is in it (ProX, released executor). */
export const saysDrop = (program: string): boolean => program.includes('drop');
