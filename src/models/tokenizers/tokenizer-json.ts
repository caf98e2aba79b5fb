/** An added token of a tokenizer.json. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Found only where no letter, number or `_` stands beside it. */
  readonly single_word?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  readonly normalized?: boolean;
  readonly special?: boolean;
}

/** A normalizer, pre-tokenizer or post-processor: what it is, and whatever else. */
export interface Part {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** The parts of a tokenizer.json that Sluice looks at. */
export interface TokenizerJson {
  readonly model?: {
    readonly type?: string;
    /** Ids by token; of unigram models a list of pairs, whose places are the ids. */
    readonly vocab?: Readonly<Record<string, number>> | readonly unknown[];
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly unk_token?: string | null;
    readonly unk_id?: number | null;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
    readonly dropout?: number | null;
    readonly ignore_merges?: boolean;
  };
  readonly normalizer?: Part | null;
  readonly pre_tokenizer?: Part | null;
  readonly post_processor?: Part | null;
  readonly decoder?: Part | null;
  readonly added_tokens?: readonly AddedToken[];
}
