import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** The scripts of the page, in the order in which they are loaded. */
export const SCRIPTS = [
  'uplot.js',
  'dom.js',
  'format.js',
  'store.js',
  'held.js',
  'overview.js',
  'alerts.js',
  'fleet.js',
  'funnel.js',
  'curves.js',
  'tables.js',
  'generators.js',
  'mixture.js',
  'changes.js',
  'thresholds.js',
  'text-panel.js',
  'documents.js',
  'bias.js',
  'start.js',
] as const;
/** Its styles, in their order: later ones win. */
export const STYLES = ['uplot.css', 'page.css', 'funnel.css', 'curves.css', 'documents.css', 'mixture.css'] as const;

/** Files that are not ours: the curves are drawn by uPlot, as its package has it. */
const FOREIGN: Readonly<Record<string, string>> = {
  'uplot.js': 'uPlot.iife.min.js',
  'uplot.css': 'uPlot.min.css',
};

/** One file of the page. */
export function pageFile(name: string): Promise<Buffer> {
  const foreign = FOREIGN[name];
  if (foreign === undefined) return readFile(new URL(`./page/${name}`, import.meta.url));
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  return readFile(join(uplot, 'dist', foreign));
}

/** All files of the page by the path at which they are served; small, and read once. */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const name of ['index.html', 'icon.svg', ...STYLES, ...SCRIPTS]) {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    const bytes = await pageFile(name);
    if (name === 'index.html') files.set('/', { type, bytes: withFiles(bytes) });
    else files.set(`/${name}`, { type, bytes });
  }
  return files;
}

/** Where the page loads its files, and an exported one has them: the marks in index.html, and the tag of the icon. */
export const LOADS = {
  scripts: '<!-- scripts -->',
  styles: '<!-- styles -->',
  icon: /<link rel="icon"[^>]*>/,
};

const withFiles = (html: Buffer): Buffer =>
  Buffer.from(
    html
      .toString('utf8')
      .replace(LOADS.styles, STYLES.map((s) => `<link rel="stylesheet" href="${s}">`).join('\n'))
      .replace(LOADS.scripts, SCRIPTS.map((s) => `<script src="${s}" defer></script>`).join('\n')),
  );
