import { emptyBlocks, type FactName, type Span } from '../../kernels/reference/html/page.ts';
import { TextWriter } from '../../kernels/reference/html/text.ts';

/** What a page says of itself. */
export interface PageSays {
  readonly title: string | null;
  readonly date: string | null;
  readonly language: string | null;
  readonly url: string | null;
}

/** Bytes of a title or an address at most. */
const MOST_BYTES = 2048;

/** The facts of a page as text: references decoded, white space collapsed; what makes no sense is null. */
export function factsOf(html: Uint8Array, facts: Readonly<Record<FactName, Span>>): PageSays {
  const text = (name: FactName): string | null => {
    const { start, end } = facts[name];
    return end - start > 0 && end - start <= MOST_BYTES ? plainText(html.subarray(start, end)) : null;
  };
  const language = text('language') ?? text('locale');
  return {
    title: text('openGraphTitle') ?? text('title'),
    date: isoDate(text('date')) ?? isoDate(text('linkedDate')),
    language: language !== null && /^[a-z]{2,3}([-_][a-z0-9]{2,8})*$/i.test(language) ? tag(language) : null,
    url: address(text('canonical')) ?? address(text('openGraphUrl')),
  };
}

function plainText(html: Uint8Array): string | null {
  const writer = new TextWriter(emptyBlocks(), html.length + 8);
  writer.append(html, 0, html.length);
  writer.flush(0);
  return writer.size === 0 ? null : Buffer.from(writer.out.subarray(0, writer.size)).toString('utf8');
}

const isoDate = (text: string | null): string | null =>
  text !== null && /^\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}[0-9:.+Z-]*)?)?$/.test(text) ? text : null;

const address = (text: string | null): string | null =>
  text !== null && /^https?:\/\/[^\s"<>]+$/i.test(text) ? text : null;

const tag = (language: string): string =>
  language.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32)).replaceAll('_', '-');
