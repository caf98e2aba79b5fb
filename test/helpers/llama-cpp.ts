import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ggufOf } from '../../scripts/make/gguf.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Whether the optional package is there: 500 MB with its builds for GPUs, so `npm ci` does not bring it. */
export const hasLlamaCpp = existsSync(join(root, 'node_modules/node-llama-cpp/package.json'));
if (!hasLlamaCpp)
  console.warn('skipped: node-llama-cpp is not installed (npm install --no-save node-llama-cpp@3.22.1)');

/** The model that ships, in GGUF, in a folder of its own. */
export async function tinyGguf(chatTemplate: string | null = null): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'sluice-gguf-')), 'prose.gguf');
  await writeFile(file, await ggufOf(join(root, 'models/prose'), chatTemplate));
  return file;
}
