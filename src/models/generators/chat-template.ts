import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { jsonFields, readJson } from '../folders/json-fields.ts';
import { GeneratorError, type Message } from './generator.ts';

const load = createRequire(import.meta.url);
/** Loaded with the first template. */
const jinja = () => load('@huggingface/jinja') as typeof import('@huggingface/jinja');

/** How a model writes a conversation down. */
export interface ChatTemplate {
  /** Changes with the template and the tokens that it names. */
  readonly hash: string;
  /**
   * The conversation up to where the model answers. Errors: GeneratorError `rejected`, in the words of the template,
   * for turns that it does not take.
   */
  render(messages: readonly Message[]): string;
}

/** Special tokens by the names that templates use: `bos_token`, `eos_token`, ... */
export type TemplateTokens = Readonly<Record<string, string>>;

/**
 * A template in Jinja, as `tokenizer_config.json` and GGUF files have it, rendered as `apply_chat_template` of
 * `transformers` renders it with `add_generation_prompt=True`: no tools, no documents. Two things differ: it knows no
 * clock (`strftime_now` is not defined, so that a prompt does not change with the day), and system turns that a
 * template refuses are put before the first turn of the user. Errors: ConfigError for a template that is none.
 */
export function chatTemplate(source: string, tokens: TemplateTokens, where: string): ChatTemplate {
  const program = programOf(source, where);
  const rendered = (messages: readonly Message[]): string => {
    const { Environment, Interpreter } = jinja();
    const environment = new Environment();
    const names = { ...GLOBALS, ...tokens, messages, tools: null, documents: null, add_generation_prompt: true };
    for (const [name, value] of Object.entries(names)) environment.set(name, value);
    return (new Interpreter(environment).run(program) as { readonly value: string }).value;
  };
  return {
    hash: createHash('sha256')
      .update(`${source}\n${JSON.stringify(tokens)}`)
      .digest('hex')
      .slice(0, 8),
    render(messages) {
      try {
        return rendered(messages);
      } catch (cause) {
        const merged = withoutSystem(messages);
        if (merged) return rejecting(() => rendered(merged));
        return rejecting(() => {
          throw cause;
        });
      }
    },
  };
}

/** The template of a model folder, `chat_template.jinja` or in `tokenizer_config.json`; null: it has none. */
export function chatTemplateIn(folder: string): ChatTemplate | null {
  const path = join(folder, 'tokenizer_config.json');
  const settings = existsSync(path) ? jsonFields(readJson(path), path) : null;
  const file = join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? readFileSync(file, 'utf8') : defaultOf(settings?.value('chat_template'));
  if (source === null) return null;
  const tokens = (settings?.names ?? []).flatMap((name): [string, string][] => {
    const token = /_token$/.test(name) ? contentOf(settings!.value(name)) : null;
    return token === null ? [] : [[name, token]];
  });
  return chatTemplate(source, Object.fromEntries(tokens), existsSync(file) ? file : path);
}

/** What is sent to a model that continues text. */
export const joined = (messages: readonly Message[]): string => messages.map((m) => m.content).join('\n\n');

/** Name of a model that is told its turns by a template: other prompts, other answers. */
export const templated = (model: string, template: ChatTemplate | null): string =>
  template === null ? model : `${model}+chat-${template.hash}`;

const GLOBALS = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range: (a: number, b?: number, step = 1): number[] => {
    const [from, to] = b === undefined ? [0, a] : [a, b];
    return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
  },
  raise_exception: (message: string): never => {
    throw new Error(message);
  },
};

function programOf(source: string, where: string) {
  const { parse, tokenize } = jinja();
  // Marks of what a trainer has its loss on; they print nothing.
  const plain = source
    .replace(/\{%(-?)\s*generation\s*(-?)%\}/g, '{%$1 if true $2%}')
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, '{%$1 endif $2%}');
  try {
    return parse(tokenize(plain, { lstrip_blocks: true, trim_blocks: true }));
  } catch (cause) {
    throw new ConfigError({
      expected: 'a chat template in Jinja',
      got: (cause as Error).message.split('\n')[0],
      where,
      fix: 'Send prompts as they are: --set STEP.api=completions.',
      cause,
    });
  }
}

function rejecting(render: () => string): string {
  try {
    return render();
  } catch (cause) {
    throw new GeneratorError('rejected', `the chat template: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
}

/** The same turns without the system's, whose words stand before those of the user; null where there is none. */
function withoutSystem(messages: readonly Message[]): Message[] | null {
  const [first, second, ...rest] = messages;
  if (first?.role !== 'system' || second?.role !== 'user') return null;
  return [{ role: 'user', content: `${first.content}\n\n${second.content}` }, ...rest];
}

/** A template, or the one called `default` of a list of them. */
function defaultOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  const named = value as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const found = named.find(({ name }) => name === 'default')?.template;
  return typeof found === 'string' ? found : null;
}

const contentOf = (token: unknown): string | null => {
  if (typeof token === 'string') return token;
  const content = (token as { readonly content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : null;
};
