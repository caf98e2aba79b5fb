import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'fzstd';

/**
 * The texts of every file of JSON lines in a folder, packed by zstd or not; lines that are no such records are texts of
 * their own.
 */
export function* corpusTexts(
  root: string,
  only = '',
): Generator<{ readonly path: string; readonly texts: Iterable<string> }> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile() && /\.jsonl(\.zst)?$/.test(f.name))
    .map((f) => join(f.parentPath, f.name))
    .filter((f) => f.includes(only))
    .sort();
  for (const path of files) yield { path: path.slice(root.length + 1), texts: textsOf(path) };
}

function* textsOf(path: string): Generator<string> {
  const bytes: Uint8Array = readFileSync(path);
  for (const line of new TextDecoder().decode(path.endsWith('.zst') ? decompress(bytes) : bytes).split('\n')) {
    if (line === '') continue;
    let text = line;
    try {
      const record = JSON.parse(line) as { text?: unknown };
      if (typeof record.text === 'string') text = record.text;
    } catch {
      // A broken line is a text like any other.
    }
    // Lone surrogates have no UTF-8; readers put them in quarantine.
    yield Buffer.from(text).toString();
  }
}
