/** A place in the source: nothing where `end` is 0. */
export interface Span {
  start: number;
  end: number;
}

/** What a page says of itself, as places in its source. */
export const FACTS = [
  'language',
  'title',
  'openGraphTitle',
  'canonical',
  'openGraphUrl',
  'date',
  'linkedDate',
  'locale',
] as const;
export type FactName = (typeof FACTS)[number];

/** Elements that hold text, in document order; 0 is the page, with the hints of `body`. One entry an element. */
export interface Elements {
  readonly tag: number[];
  readonly parent: number[];
  /** Bits of HINTS in its class, id, role and itemprop. */
  readonly hints: number[];
  /** Hash of its tag and class without digits. */
  readonly key: number[];
  /** Elements above it. */
  readonly depth: number[];
  /** Blocks in it: from `first` to `end`. */
  readonly first: number[];
  readonly end: number[];
  /** Code points of text that stands in it directly, and in the paragraphs among its children. */
  readonly paragraphs: number[];
}

/** Runs of text between the borders of elements, in document order. All lists have one entry a block. */
export interface Blocks {
  /** Element that it stands in. */
  readonly element: number[];
  /** Its bytes in the text. */
  readonly start: number[];
  readonly end: number[];
  /** Code points without white space, and those of them in links. */
  readonly chars: number[];
  readonly linkChars: number[];
  readonly words: number[];
  /** Words that begin with an ASCII capital; digits; commas; marks that end a sentence; line breaks; rule marks. */
  readonly capitals: number[];
  readonly digits: number[];
  readonly commas: number[];
  readonly stops: number[];
  readonly breaks: number[];
  readonly marks: number[];
  /** Words of FURNITURE. */
  readonly furniture: number[];
  /** Bits of HINTS of the inline elements in it. */
  readonly hints: number[];
  /** Hash of its letters. */
  readonly hash: number[];
  /** 1 where its line breaks are its own (`pre`). */
  readonly verbatim: number[];
}

/** A page in one pass over its bytes. */
export interface Page {
  /** Text of all blocks, one after the other, white space collapsed, in UTF-8. */
  readonly text: Uint8Array;
  readonly elements: Elements;
  readonly blocks: Blocks;
  readonly facts: Readonly<Record<FactName, Span>>;
}

/** Elements and blocks of a page at most; the text of blocks beyond is left out. */
export const MOST_ELEMENTS = 1 << 20;
/** Elements open at once at most: one more takes the place of the innermost. */
export const MOST_DEPTH = 512;
/** Open elements that an end tag is looked for among. */
export const MOST_LOOKED = 256;

export const emptyElements = (): Elements => ({
  tag: [0],
  parent: [0],
  hints: [0],
  key: [0],
  depth: [0],
  first: [0],
  end: [0],
  paragraphs: [0],
});

export const emptyBlocks = (): Blocks => ({
  element: [],
  start: [],
  end: [],
  chars: [],
  linkChars: [],
  words: [],
  capitals: [],
  digits: [],
  commas: [],
  stops: [],
  breaks: [],
  marks: [],
  furniture: [],
  hints: [],
  hash: [],
  verbatim: [],
});
