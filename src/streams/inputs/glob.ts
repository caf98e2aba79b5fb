/** A glob taken apart: the folder before the first wild card, and a test for paths below it. */
export interface Glob {
  /** Static prefix folder, as written; '.' when the pattern starts with a wild card. */
  readonly root: string;
  /** Does a path relative to `root` (forward slashes) match? */
  readonly matches: (path: string) => boolean;
  /** How deep below `root` a match can lie, in path segments; Infinity with `**`. */
  readonly depth: number;
}

const MAGIC = /[*?[{]/;

export const isGlob = (pattern: string): boolean => MAGIC.test(pattern);

/**
 * Parses `*`, `?`, `[a-z]`, `[!a]`, `{a,b}` (may nest) and `**` (any number of folders). Wild cards never match a
 * leading dot: hidden files match only where the pattern has the dot. Everything else stands for itself.
 */
export function parseGlob(pattern: string): Glob {
  const segments = pattern.split('/');
  const first = segments.findIndex(isGlob);
  // A brace may hold slashes: then its first half is already magic, so the prefix stays right.
  const root = segments.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.');
  const rest = segments.slice(first).join('/');
  const tests = expandBraces(rest).map((p) => new RegExp(`^${segmentsToRegex(p.split('/'))}$`, 's'));
  const depth = expandBraces(rest).reduce(
    (d, p) => Math.max(d, p.split('/').includes('**') ? Number.POSITIVE_INFINITY : p.split('/').length),
    1,
  );
  return { root, depth, matches: (path) => tests.some((t) => t.test(path)) };
}

function segmentsToRegex(segments: readonly string[]): string {
  let out = '';
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1;
    if (segment === '**') out += last ? '(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+' : '(?:(?!\\.)[^/]+/)*';
    else out += segmentToRegex(segment) + (last ? '' : '/');
  });
  return out;
}

function segmentToRegex(segment: string): string {
  let out = /^[*?[]/.test(segment) ? '(?!\\.)' : '';
  for (let i = 0; i < segment.length; i++) {
    const c = segment[i];
    const close = c === '[' ? segment.indexOf(']', i + 2) : -1;
    if (c === '*') out += '[^/]*';
    else if (c === '?') out += '[^/]';
    else if (close > 0) {
      const negated = segment[i + 1] === '!' || segment[i + 1] === '^';
      const set = segment.slice(i + (negated ? 2 : 1), close).replace(/[\\\]^[]/g, '\\$&');
      out += `[${negated ? '^/' : ''}${set}]`;
      i = close;
    } else out += c.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  return out;
}

/** What a pattern with braces stands for, each without them. */
export function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{');
  if (open < 0) return [pattern];
  let depth = 0;
  const parts: string[] = [];
  let from = open + 1;
  for (let i = open; i < pattern.length; i++) {
    const c = pattern[i];
    if (c === '{') depth++;
    if (c === '}') depth--;
    if ((c === ',' && depth === 1) || depth === 0) {
      parts.push(pattern.slice(from, i));
      from = i + 1;
    }
    if (depth === 0) {
      const tails = expandBraces(pattern.slice(i + 1));
      const heads = parts.flatMap(expandBraces);
      return heads.flatMap((h) => tails.map((t) => pattern.slice(0, open) + h + t));
    }
  }
  // Never closed: the brace stands for itself; hide it from this function, not from the regex.
  return expandBraces(pattern.slice(open + 1)).map((t) => `${pattern.slice(0, open)}[{]${t}`);
}
