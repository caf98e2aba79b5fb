import { HTML_ENTITIES } from './html-entities.ts';

/** What a tag does to the text around it. */
export const TAG = {
  /** Its text flows on. */
  inline: 0,
  /** Ends the text before it, and holds what comes until it ends. */
  block: 1,
  /** Has no content. */
  empty: 2,
  /** Its content is no markup. */
  raw: 4,
  /** Nothing in it is text of the page. */
  unseen: 8,
} as const;

/** Tags with a meaning, in the order of their numbers from 1 on; 0 is any other, CUSTOM any with a hyphen. */
const KINDS: readonly (readonly [kind: number, names: string])[] = [
  [TAG.inline, 'a span'],
  [TAG.empty, 'br hr meta link img input area base col embed param source track wbr'],
  [TAG.block | TAG.raw | TAG.unseen, 'script style iframe noembed noframes xmp'],
  [TAG.block | TAG.raw | TAG.unseen, 'title textarea'],
  [TAG.block | TAG.unseen, 'template svg select object audio video canvas map'],
  [TAG.block, 'html body p div li ul ol dl dt dd td th tr table thead tbody tfoot caption'],
  [TAG.block, 'h1 h2 h3 h4 h5 h6 pre blockquote figure figcaption nav header footer aside form article main section'],
  [TAG.block, 'button details summary dialog fieldset legend address center head hgroup search menu label noscript'],
];

export const TAG_NAMES: readonly string[] = ['', ...KINDS.flatMap(([, names]) => names.split(' ')), '-'];
/** Kind of each tag by its number. */
export const TAG_KINDS: readonly number[] = [
  TAG.inline,
  ...KINDS.flatMap(([kind, names]) => names.split(' ').map(() => kind)),
  TAG.block,
];
const NUMBERS = new Map(TAG_NAMES.map((name, i) => [name, i]));
/** Number of a tag; of one that is not in the table 0, or CUSTOM where its name has a hyphen. */
export const tagNumber = (name: string): number => NUMBERS.get(name) ?? (name.includes('-') ? CUSTOM : 0);
export const CUSTOM = TAG_NAMES.length - 1;

/** How much a tag speaks for content, as a number for the trees to split on. */
const ORDER =
  'noscript label button select form nav footer aside - a div center address dialog search legend summary details ' +
  'fieldset header hgroup ul ol menu table tr li th td dt dd caption h1 h2 h3 h4 h5 h6 main section article figure ' +
  'figcaption blockquote pre p';
export const TAG_ORDER: readonly number[] = TAG_NAMES.map((n) => ORDER.split(' ').indexOf(n) + 1);

/** Ancestors that are told to the trees one by one. */
export const ANCESTORS =
  'nav header footer aside form article main table ul ol dl figure section blockquote button noscript'.split(' ');
/** Bit of each tag among ANCESTORS, or 0. */
export const TAG_BITS: readonly number[] = TAG_NAMES.map((n) =>
  ANCESTORS.includes(n) ? 1 << ANCESTORS.indexOf(n) : 0,
);

/** Words in classes, ids and roles; the place in the list is the bit. */
export const HINTS: readonly string[] = [
  'nav navbar navigation menu menus menubar submenu breadcrumb breadcrumbs crumbs pagination pager paging paginator ' +
    'topbar toolbar tabs tab megamenu dropdown skip sitenav',
  'header masthead banner hero logo brand topnav head',
  'footer foot colophon copyright bottom legal disclaimer contentinfo',
  'sidebar aside rail widget widgets secondary side sidenav complementary',
  'comment comments commentlist disqus respond discussion replies',
  'share sharing social follow addthis sharedaddy facebook twitter linkedin pinterest whatsapp sns',
  'related recommended recommendation recommendations recommend recirc trending popular similar suggestions ' +
    'suggested upsell crosssell latest recent readmore next prev previous promoted also',
  'ad ads advert advertisement advertising adsbygoogle sponsor sponsored promo promotion promotions campaign ' +
    'outbrain taboola',
  'content contents article post entry story body text main prose markdown page copy wysiwyg richtext rte paragraph',
  // Two words of the list before in one value.
  '',
  'message messages thread topic posts postbody reply answer answers question questions forum conversation bbcode ' +
    'signature quote',
  'product price prices sku specs spec specification specifications description desc details detail features feature ' +
    'variant',
  'subscribe subscription newsletter signup signin login register form search modal popup popover cookie cookies ' +
    'consent gdpr overlay dialog notice alert toast',
  'author byline date time timestamp meta tag tags category categories avatar caption published posted label labels ' +
    'info',
  'hidden hide sr screen reader visuallyhidden offscreen noprint invisible collapse collapsed none',
  'toc outline',
  'card cards list grid item items tile tiles teaser teasers result results listing listings gallery carousel slider ' +
    'slide swiper thumb thumbnail',
  'user profile account cart basket wishlist checkout',
  'review reviews rating ratings stars testimonial testimonials',
  'btn button buttons cta action actions link links more download',
  'title headline heading subtitle lead intro summary excerpt dek standfirst abstract',
  'faq accordion faqs',
];
export const CONTENT_HINT = 8;
export const STRONG_HINT = 9;
export const HIDDEN_HINT = 14;

/** FNV-1a of a word of ASCII, unsigned. */
export function wordHash(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Bit of each word, by its hash. */
export const HINT_OF_HASH: ReadonlyMap<number, number> = new Map(
  HINTS.flatMap((words, bit) =>
    words
      .split(' ')
      .filter(Boolean)
      .map((w): [number, number] => [wordHash(w), bit]),
  ),
);

/** Words that boilerplate is full of and pages in many languages borrow. */
const FURNITURE =
  'cookie cookies copyright rights reserved privacy terms login subscribe newsletter share facebook twitter ' +
  'instagram linkedin pinterest email cart menu search sign account home contact about faq sitemap ' +
  'blog advertisement related recommended reply comments comment previous next more tags ' +
  'categories category follow download';
export const FURNITURE_HASHES: ReadonlySet<number> = new Set(FURNITURE.split(' ').map(wordHash));

/** Character references by the hash of their name: code point, and whether they need a semicolon. */
export const ENTITY_OF_HASH: ReadonlyMap<number, { readonly point: number; readonly legacy: boolean }> = new Map(
  HTML_ENTITIES.trim()
    .split(' ')
    .map((item) => {
      const [name, point] = item.split(':');
      const bare = name.replace('!', '');
      return [wordHash(bare), { point: Number.parseInt(point, 16), legacy: name.endsWith('!') }];
    }),
);
/** Letters of the longest name. */
export const ENTITY_LETTERS = 8;

/** Code points that numbers in 0x80 to 0x9f stand for (WHATWG, "numeric character reference end state"). */
export const WINDOWS_1252: readonly number[] = (
  '20ac 81 201a 192 201e 2026 2020 2021 2c6 2030 160 2039 152 8d 17d 8f 90 2018 2019 201c 201d 2022 2013 2014 2dc ' +
  '2122 161 203a 153 9d 17e 178'
)
  .split(' ')
  .map((c) => Number.parseInt(c, 16));
