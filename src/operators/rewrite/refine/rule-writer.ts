import type { LineChunk } from './line-chunks.ts';

/**
 * Writes programs by rules, where no model is at hand: an annotator made by hand, not a language model. Chunks: lines
 * of nothing but a link, a button, a notice or a menu go, and sentences that stand in the document again and again;
 * entities of HTML and runs of marks become what they stand for. Documents: one goes when most of its lines would, or
 * when it has hardly a word.
 */
export function ruleProgram(chunk: LineChunk, seenBefore: ReadonlySet<string>): string {
  const noise = noiseOf(chunk.lines, seenBefore);
  const calls: string[] = [];
  for (let i = 0; i < noise.length; i++) {
    if (!noise[i]) continue;
    const start = i;
    while (i + 1 < noise.length && noise[i + 1]) i++;
    calls.push(`remove_lines(${chunk.first + start}, ${chunk.first + i})`);
  }
  for (const [source, target] of replacementsIn(chunk.lines.filter((_, i) => !noise[i])))
    calls.push(`normalize(${JSON.stringify(source)}, ${JSON.stringify(target)})`);
  return calls.length === 0 ? 'keep_chunk()' : calls.join('\n');
}

/** Whether a whole document is worth refining. @param text its beginning */
export function ruleDocumentProgram(text: string): string {
  const lines = text.split('\n').filter((l) => l.trim() !== '');
  const letters = text.match(/[A-Za-z\u00c0-\uffff]/g)?.length ?? 0;
  const marks = text.replace(/\s/g, '').length;
  if (marks > 0 && letters / marks < 0.5) return 'drop_doc()';
  const noise = noiseOf(lines, new Set()).filter(Boolean).length;
  return lines.length >= 5 && noise / lines.length > 0.8 ? 'drop_doc()' : 'keep_doc()';
}

/** Sentences that stand in a document so often are furniture. */
const REPEATS = 3;
const LEAST_REPEATED = 20;
/** What code, tables and markup have in them. */
const CODE = /[{}()[\]=<>`"\\;|]|^(?:\/\/|--|\.\. |[-*#] )/;

/** Lines of words that come again and again in a document. */
export function repeatedLines(text: string): Set<string> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed.length >= LEAST_REPEATED && !CODE.test(trimmed)) counts.set(trimmed, (counts.get(trimmed) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, n]) => n >= REPEATS).map(([line]) => line));
}

/** How lines begin that are furniture of a page. */
const NOTICES = [
  'we use cookies|this (?:web)?site uses cookies|by (?:using|continuing)|accept (?:all )?cookies',
  'cookie (?:policy|settings)|all rights reserved|copyright|\u00a9|\\(c\\) ?\\d{4}',
  'click here|read more|learn more|see more|show more|load more|view all|continue reading|skip to (?:main )?content',
  'share (?:this|on)|tweet|follow us|like us|subscribe|sign up|sign in|log ?in|log ?out|register|join now|download now',
  '(?:privacy policy|terms (?:of (?:use|service)|and conditions)|contact us|about us)\\s*$',
  '(?:home|menu|search|sitemap|faq|help)\\s*$',
  'posted (?:by|on|in)|filed under|tags?:|categories:|comments? ?\\(\\d+\\)|leave a (?:comment|reply)',
  'related (?:posts|articles)|buy now|add to cart|free shipping|limited time|act now|order now',
  'advertisement|sponsored',
];
const NOTICE = new RegExp(
  `^(?:${NOTICES.join('|')})|\\bjavascript (?:is|must be) (?:disabled|enabled)\\b|\\benable javascript\\b`,
  'i',
);
const LINK = /^\s*(?:https?:\/\/|www\.)\S+\s*$/i;
const SEPARATORS = /[|\u00bb\u203a\u00b7\u2022]|\s>\s/;

/** `Home | News | Sport`: at least three short names between marks; no row of a table. */
function isMenu(text: string): boolean {
  const parts = text.split(SEPARATORS).map((part) => part.trim());
  if (parts.length < 3 || text.length > 160 || !/^[A-Z0-9]/.test(text)) return false;
  return parts.every((p) => /^[A-Za-z0-9]/.test(p) && p.split(/\s+/).length <= 6 && !/[`{}<>()=]|[.!?]$/.test(p));
}

/** Marks of every kind and hardly a letter; rulers, numbers and rows of tables are something else. */
function isScrawl(text: string): boolean {
  const solid = text.replace(/\s/g, '');
  const letters = solid.match(/[A-Za-z\u00c0-\uffff]/g)?.length ?? 0;
  const digits = solid.match(/[0-9]/g)?.length ?? 0;
  const kinds = new Set(solid.match(/[#%*@~<>\\^$&]/g) ?? []).size;
  return solid.length >= 8 && letters / solid.length < 0.3 && digits / solid.length < 0.6 && kinds >= 4;
}

/** A name of one to three words, as buttons and menus have. */
const isName = (text: string): boolean =>
  /^[A-Z][A-Za-z&'\u2019 -]*$/.test(text) && text.split(/\s+/).length <= 3 && text.length <= 30;

function noiseOf(lines: readonly string[], repeated: ReadonlySet<string>): boolean[] {
  const own = lines.map((line) => {
    const text = line.trim();
    if (text === '') return false;
    if (LINK.test(text) || repeated.has(text)) return true;
    return (text.length < 200 && NOTICE.test(text)) || isMenu(text) || isScrawl(text);
  });
  // A run of names is a menu; a single one may be a heading.
  const names = lines.map((l) => isName(l.trim()));
  for (let i = 0; i < names.length; i++) {
    if (!names[i]) continue;
    const start = i;
    while (i + 1 < names.length && (names[i + 1] || own[i + 1])) i++;
    if (i - start >= 3) own.fill(true, start, i + 1);
  }
  return own;
}

const ENTITIES: readonly (readonly [string, string])[] = [
  ['&nbsp;', ' '],
  ['&quot;', '"'],
  ['&#39;', "'"],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&amp;', '&'],
  ['[edit]', ''],
  ['[citation needed]', ''],
];

function replacementsIn(lines: readonly string[]): [string, string][] {
  const text = lines.join('\n');
  const found = ENTITIES.filter(([source]) => text.includes(source)).map(([a, b]): [string, string] => [a, b]);
  const runs = new Set(text.match(/([!?])\1{3,}/g) ?? []);
  // The longest first: a shorter run is part of it.
  return [...found, ...[...runs].sort((a, b) => b.length - a.length).map((r): [string, string] => [r, r[0]])];
}
