import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { modelFolderInfo } from '../scorers/scoring-model.ts';
import { chatTemplateIn, templated } from './chat-template.ts';

/** Whether a model is a file for llama.cpp, and no folder. */
export const isGguf = (model: string | null): model is string => model !== null && /\.gguf$/i.test(model);

/**
 * Hash of a model that writes in this process: of every byte of a GGUF file, or of a folder with its chat template.
 * Errors: ConfigError for a model that is not there.
 */
export function ownModelHash(model: string): string {
  return isGguf(model) ? fileHash(model) : templated(modelFolderInfo(model).hash, chatTemplateIn(model));
}

function fileHash(path: string): string {
  const hash = createHash('sha256');
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new ConfigError({
      expected: 'a model in GGUF',
      got: (cause as NodeJS.ErrnoException).code ?? String(cause),
      where: path,
      fix: 'Give the path of the file with --model FILE.gguf.',
      cause,
    });
  }
  try {
    const piece = new Uint8Array(1 << 20);
    for (let n = readSync(file, piece); n > 0; n = readSync(file, piece)) hash.update(piece.subarray(0, n));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex').slice(0, 16);
}
