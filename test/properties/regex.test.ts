import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));
/** Folders whose code sees document text, names and metadata. */
const FOLDERS = ['streams', 'kernels/reference', 'operators', 'sinks', 'run'];
const LENGTH = 50_000;
/** A linear expression takes a thousandth of it, a quadratic one ten times as much; on any machine. */
const BUDGET_MS = 500;

const LITERAL = /(?<=[(,=:?!&|[\s])\/(?![*/\s])((?:[^\\/[\n]|\\.|\[(?:[^\\\]\n]|\\.)*\])+)\/([a-z]*)(?=[.,;)\s])/g;

/** What sees nothing but the digits of a number. */
const NUMBERS_ONLY = [
  'run/guards/guard-error.ts: /\\B(?=(\\d{3})+$)/g',
  'streams/formats/values/times.ts: /\\d+(\\.\\d+)?(?=[HMS])/g',
  'streams/formats/values/times.ts: /0+$/',
];

/** Every regular expression literal of a file that compiles. */
function expressions(path: string): RegExp[] {
  const found: RegExp[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) continue;
    for (const [, source, flags] of line.matchAll(LITERAL)) {
      try {
        found.push(new RegExp(source, flags));
      } catch {
        // A division that looks like one.
      }
    }
  }
  return found;
}

const all = FOLDERS.flatMap((folder) =>
  readdirSync(join(src, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts'))
    .flatMap((f) => expressions(join(src, folder, f)).map((regex) => [`${folder}/${f}: ${regex}`, regex] as const)),
);

/** Long runs of one or two characters that an expression speaks of, followed by what breaks the match. */
function* adversaries(regex: RegExp): Generator<string> {
  const own = [...new Set(regex.source.replace(/\\[a-z]/g, ''))];
  const units = [...new Set([...own, ' ', '\n', '\t', 'a', 'A', '0', '.', '/', '[', '"'])].slice(0, 24);
  for (const a of units) {
    yield a.repeat(LENGTH);
    yield `${a.repeat(LENGTH)}\u0001`;
    yield `x${a.repeat(LENGTH)}\u0001x`;
  }
  for (const a of units) for (const b of units.slice(0, 6)) if (a !== b) yield `${(a + b).repeat(LENGTH / 2)}\u0001`;
}

describe('regular expressions on text', () => {
  it('are found', () => {
    expect(all.length).toBeGreaterThan(40);
    expect(expressions(join(src, 'streams/formats/context.ts')).length).toBe(2);
  });

  it('take linear time on long runs of what they look for', () => {
    const slow: string[] = [];
    for (const [place, regex] of all.filter(([p]) => !NUMBERS_ONLY.includes(p))) {
      for (const text of adversaries(regex)) {
        const started = process.cpuUsage();
        text.replace(regex, '');
        const { user, system } = process.cpuUsage(started);
        if ((user + system) / 1000 > BUDGET_MS) {
          slow.push(`${place} on ${JSON.stringify(text.slice(0, 10))} ...`);
          break;
        }
      }
    }
    expect(slow).toEqual([]);
  }, 120_000);
});
