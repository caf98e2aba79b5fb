import { createHash } from 'node:crypto';
import { LOADS, pageFile, SCRIPTS, STYLES } from './files.ts';

/** What an exported page holds in place of a server. */
export interface ExportedData {
  readonly cells: Readonly<Record<string, unknown>>;
  /** Answers by the address that the page would ask: `api/curve?name=rate`. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** Annotations of which it holds a histogram. */
  readonly columns: readonly string[];
  /** Documents with which its list works, and what they are. Everything about each is among the answers. */
  readonly documents: readonly object[];
  readonly documentsNote: string;
  /** No text of a document is in it. */
  readonly noDocuments: boolean;
}

/**
 * The page as one file that needs nothing else: styles, scripts and data within it. It may run these scripts alone and
 * load nothing, by its own policy.
 */
export async function exportPage(data: ExportedData): Promise<string> {
  const read = async (name: string): Promise<string> => (await pageFile(name)).toString('utf8');
  const script = (await Promise.all(SCRIPTS.map(read))).join('\n');
  const style = (await Promise.all(STYLES.map(read))).join('\n');
  if (/<\/script/i.test(script)) throw new Error('a script of the page holds the end of one');
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:`;
  const icon = `data:image/svg+xml;base64,${(await pageFile('icon.svg')).toString('base64')}`;
  // A `<` in the data would be able to end the element that it stands in.
  const json = JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replace(/[\u2028\u2029]/g, escaped);
  return (await read('index.html'))
    .replace(
      '<meta charset="utf-8">',
      (meta) => `${meta}\n<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    )
    .replace(LOADS.icon, () => `<link rel="icon" href="${icon}">`)
    .replace(LOADS.styles, () => `<style>${style}</style>`)
    .replace(
      LOADS.scripts,
      () => `<script type="application/json" id="sluice-data">${json}</script>\n<script>${script}</script>`,
    );
}

const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
