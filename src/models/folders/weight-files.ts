import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { jsonFields, readJson } from './json-fields.ts';

export const WEIGHTS = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';

/**
 * Names of the files with the weights of a Hugging Face directory, ascending: one file before an index, as transformers
 * takes them; empty where there is neither. Throws InputError for an index that names anything but files beside it.
 */
export function weightFiles(folder: string): string[] {
  if (existsSync(join(folder, WEIGHTS))) return [WEIGHTS];
  const path = join(folder, INDEX);
  if (!existsSync(path)) return [];
  const map = jsonFields(readJson(path), path).object('weight_map');
  if (map === null) throw new InputError({ expected: 'weight_map', got: 'an index without it', where: path });
  const files = new Set(map.names.map((name) => map.text(name)));
  const stray = [...files].find((file) => basename(file) !== file || file.includes('\\') || /^\.*$/.test(file));
  if (stray !== undefined)
    throw new InputError({ expected: 'names of files in the same folder', got: `'${stray}'`, where: path });
  return [...files].sort();
}
