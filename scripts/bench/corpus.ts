import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decompress } from 'fzstd';

/** The corpora beside the clone (or at SLUICE_CORPORA), or null. */
export function corporaFolder(): string | null {
  const folder = process.env.SLUICE_CORPORA ?? resolve(import.meta.dirname, '../../../shared/corpora');
  return existsSync(join(folder, 'mixed')) ? folder : null;
}

/** About `bytes` of JSON lines in one buffer: the mixed corpus, else the Markdown and code below node_modules. */
export function benchmarkLines(bytes: number): { lines: Buffer; what: string } {
  const parts: Buffer[] = [];
  let have = 0;
  const folder = corporaFolder();
  if (folder) {
    const mixed = join(folder, 'mixed');
    // One file of each domain in turn, so that a short benchmark has the mix of a long one.
    for (const name of readdirSync(mixed)
      .filter((n) => n.endsWith('.zst'))
      .sort((a, b) => (a.slice(-12) < b.slice(-12) ? -1 : 1))) {
      if (have >= bytes) break;
      const part = Buffer.from(decompress(readFileSync(join(mixed, name))));
      parts.push(part);
      have += part.length;
    }
    return { lines: Buffer.concat(parts), what: 'mixed corpus' };
  }
  for (const path of readdirSync('node_modules', { recursive: true, encoding: 'utf8' })
    .filter((p) => /\.(md|js|ts)$/.test(p))
    .sort()) {
    if (have >= bytes) break;
    const file = join('node_modules', path);
    if (!statSync(file).isFile() || statSync(file).size > 1e6) continue;
    const part = Buffer.from(
      `${JSON.stringify({
        id: path,
        text: readFileSync(file, 'utf8').toWellFormed(),
        metadata: { domain: path.endsWith('.md') ? 'prose' : 'code' },
      })}\n`,
    );
    parts.push(part);
    have += part.length;
  }
  return { lines: Buffer.concat(parts), what: 'text of node_modules' };
}

/**
 * CPU seconds of JSON.parse per line: the baseline of every ratio. Returns the sum of text bytes so that nothing is
 * optimised away.
 */
export function jsonParseSeconds(lines: Buffer): { seconds: number; textBytes: number; documents: number } {
  const before = process.cpuUsage();
  let textBytes = 0;
  let documents = 0;
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(10, at);
    const document = JSON.parse(lines.toString('utf8', at, end)) as { text: string };
    textBytes += Buffer.byteLength(document.text);
    documents++;
    at = end + 1;
  }
  const used = process.cpuUsage(before);
  return { seconds: (used.user + used.system) / 1e6, textBytes, documents };
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** A temporary folder with the lines as one file; `done` removes it. */
export function inTemporaryFolder(lines: Buffer): { folder: string; input: string; done: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const input = join(folder, 'input.jsonl');
  writeFileSync(input, lines);
  return { folder, input, done: () => rmSync(folder, { recursive: true, force: true }) };
}
