import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chatTemplate, chatTemplateIn, templated } from '../../../src/models/generators/chat-template.ts';
import type { Message } from '../../../src/models/generators/generator.ts';
import { temporaryFolder } from '../../helpers/run.ts';

/** Made by scripts/make/chat-templates.py with transformers. */
interface Oracle {
  readonly tokens: Readonly<Record<string, string>>;
  readonly conversations: Readonly<Record<string, readonly Message[]>>;
  readonly rows: readonly {
    readonly name: string;
    readonly template: string;
    readonly texts: Readonly<Record<string, string | { readonly error: string }>>;
  }[];
}

const { tokens, conversations, rows } = JSON.parse(
  readFileSync(new URL('../../fixtures/chat-templates.json', import.meta.url), 'utf8'),
) as Oracle;

describe('a chat template', () => {
  it.each(rows)('is rendered as transformers renders it: $name', ({ template, texts, name }) => {
    const made = chatTemplate(template, tokens, name);
    for (const [kind, wanted] of Object.entries(texts)) {
      const render = () => made.render(conversations[kind]);
      if (typeof wanted === 'string') expect(render(), kind).toBe(wanted);
      // A system's turn that a template refuses goes to the user's.
      else
        expect(render(), kind).toContain(
          conversations.system
            .map((m) => m.content)
            .join('\n\n')
            .trim(),
        );
    }
  });

  it('refuses turns in its own words', () => {
    const { template } = rows.find(({ name }) => name.startsWith('instructions in brackets'))!;
    const two: Message[] = [
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
    ];
    expect(() => chatTemplate(template, tokens, 'x').render(two)).toThrow(
      'the chat template: Roles must alternate user/assistant/user/...',
    );
  });

  it('knows no clock', () => {
    const source = "{{ 'a clock' if strftime_now is defined else 'none' }}";
    expect(chatTemplate(source, {}, 'x').render([])).toBe('none');
  });

  it('that is none is an error that says what to do', () => {
    expect(() => chatTemplate('{% for m in %}', {}, 'model/tokenizer_config.json')).toThrow(
      /model\/tokenizer_config\.json: expected a chat template in Jinja/,
    );
  });

  it('is found in a folder: in its own file, or in the settings of the tokenizer, alone or by name', async () => {
    const folder = await temporaryFolder();
    expect(chatTemplateIn(folder)).toBeNull();
    const settings = (chat_template: unknown) =>
      writeFileSync(
        join(folder, 'tokenizer_config.json'),
        JSON.stringify({ bos_token: { content: '<a>' }, eos_token: '<z>', add_bos_token: true, chat_template }),
      );
    const text = () => chatTemplateIn(folder)?.render([{ role: 'user', content: 'hi' }]) ?? null;
    settings(undefined);
    expect(text()).toBeNull();
    settings('{{ bos_token }}{{ messages[0].content }}{{ eos_token }}');
    expect(text()).toBe('<a>hi<z>');
    const first = templated('m', chatTemplateIn(folder));
    settings([
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'plain {{ messages[0].content }}' },
    ]);
    expect(text()).toBe('plain hi');
    expect(templated('m', chatTemplateIn(folder))).not.toBe(first);
    writeFileSync(join(folder, 'chat_template.jinja'), 'file {{ messages[0].role }}');
    expect(text()).toBe('file user');
  });
});
