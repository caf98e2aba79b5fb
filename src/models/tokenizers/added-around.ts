import type { Part, TokenizerJson } from './tokenizer-json.ts';

/** Ids that a post-processor puts before and after a single text. */
export interface Around {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const NOTHING: Around = { before: [], after: [] };

type Template = readonly { readonly SpecialToken?: { readonly id: string }; readonly Sequence?: object }[];

/** What the post-processor of a tokenizer.json adds; null: it is of a kind that is not known here. */
export function addedAround({ post_processor }: TokenizerJson): Around | null {
  if (!post_processor) return NOTHING;
  const { type } = post_processor;
  if (type === 'ByteLevel') return NOTHING;
  if (type === 'Sequence') {
    const all = ((post_processor.processors as readonly Part[] | undefined) ?? []).map((part) =>
      addedAround({ post_processor: part }),
    );
    const adding = all.filter((around) => around === null || around.before.length + around.after.length > 0);
    return adding.length <= 1 ? (adding.length === 1 ? adding[0] : NOTHING) : null;
  }
  if (type !== 'TemplateProcessing') return null;
  const single = post_processor.single as Template;
  const tokens = post_processor.special_tokens as Readonly<Record<string, { readonly ids: readonly number[] }>>;
  const text = single.findIndex((piece) => piece.Sequence !== undefined);
  const ids = (pieces: Template): number[] => pieces.flatMap(({ SpecialToken: t }) => (t ? tokens[t.id].ids : []));
  return text < 0 ? null : { before: ids(single.slice(0, text)), after: ids(single.slice(text + 1)) };
}
