/** Names of what a model may announce that it is about to give. */
const WHAT =
  'paraphras|rewrit|rephras|version|summary|summari|text|passage|conversation|question|article|tutorial|table|list|faq';

const LABELS = 'paraphrase|paraphrased text|rewritten text|rewritten version|rephrased text|rewrite|output|result';

const LEAD_INS: readonly RegExp[] = [
  /^(?:sure|certainly|of course|absolutely|okay|ok|great)\b[^\n]{0,120}?[:!.](?=\s)\s*/i,
  new RegExp(
    `^(?:here(?:'s|\u2019s| is| are)|below is|the following is|this is)\\b[^\\n]{0,140}?(?:${WHAT})[^\\n:]{0,80}:\\s*`,
    'i',
  ),
  new RegExp(`^\\**(?:${LABELS})\\**\\s*:\\**\\s*`, 'i'),
];

const LEAD_OUT =
  /\n+(?:let me know if|i hope this|feel free to|please let me know|note: (?:this|the) (?:text|rewrit))[^\n]*\s*$/i;

/** An answer without what a model says about it: an introduction, a farewell, quotes or a fence around the whole. */
export function cleanAnswer(answer: string): string {
  let text = answer.trim();
  for (let again = true; again; ) {
    again = false;
    for (const lead of LEAD_INS) {
      const rest = text.replace(lead, '');
      again ||= rest !== text;
      text = rest;
    }
  }
  text = text.replace(LEAD_OUT, '').trim();
  const fence = /^```[a-z]*\n([\s\S]*)\n```$/.exec(text);
  if (fence) text = fence[1].trim();
  const tagged = /^<text>\s*([\s\S]*?)\s*<\/text>$/.exec(text);
  if (tagged) text = tagged[1];
  const quoted = /^"([^"]*)"$/.exec(text) ?? /^\u201c([^\u201c\u201d]*)\u201d$/.exec(text);
  return quoted ? quoted[1].trim() : text;
}

const CANNOT = "(?:can['\u2019]?t|cannot|can not|unable|won['\u2019]t|not able)";
const WILL_NOT = "(?:can['\u2019]?t|cannot|can not|am unable to|am not able to|won['\u2019]t|will not)";
const DOING = '(?:assist|help|provide|rephrase|rewrite|paraphrase|comply|fulfil|create|generate|do that)';

const REFUSALS: readonly RegExp[] = [
  new RegExp(`^(?:i['\u2019]?m|i am|we are|we['\u2019]re)? ?(?:sorry|afraid)\\b[^.\\n]{0,100}\\b${CANNOT}`, 'i'),
  new RegExp(`^(?:i apologi[sz]e|unfortunately|my apologies)\\b[^.\\n]{0,100}\\b${CANNOT}`, 'i'),
  new RegExp(`^i ${WILL_NOT}\\b[^.\\n]{0,80}\\b${DOING}`, 'i'),
  /^as an ai\b/i,
];

/** Whether an answer says that there is none. */
export const isRefusal = (text: string): boolean => REFUSALS.some((r) => r.test(text));
