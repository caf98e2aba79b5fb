import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { jsonFields, readJson } from '../folders/json-fields.ts';
import { readVocabulary } from './vocabulary.ts';

/** Begin a turn of a conversation: after them a model expects a role, not a document. */
const OF_TURNS = ['<|im_start|>', '<|start|>', '<start_of_turn>', '<|start_header_id|>'];

/**
 * Id that stands before the first token of a document; null: none does.
 *
 * That of config.json, but none where tokenizer_config.json has `add_bos_token: false`, and where its `bos_token`
 * begins a turn of a conversation, the token that ends a document instead. Errors: InputError for a
 * tokenizer_config.json that is none.
 * @param bosToken of config.json
 */
export function startOfText(folder: string, bosToken: number | null): number | null {
  const path = join(folder, 'tokenizer_config.json');
  if (bosToken === null || !existsSync(path)) return bosToken;
  const settings = jsonFields(readJson(path), path);
  if (!settings.boolean('add_bos_token', true)) return null;
  const name = tokenName(settings.value('bos_token'));
  return name !== null && OF_TURNS.includes(name) ? readVocabulary(folder).endOfText : bosToken;
}

/** Of a token that tokenizer_config.json writes as a text, or as an object with its content. */
function tokenName(token: unknown): string | null {
  if (typeof token === 'string') return token;
  const content = (token as { readonly content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : null;
}
