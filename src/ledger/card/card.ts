import type { Plain } from '../sql-values.ts';

export const CARD_FORMAT = 1;

export interface CardTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Plain[])[];
}

/** One field. What is neither text nor table is a question that only people can answer. */
export interface CardField {
  readonly name: string;
  readonly text?: string;
  readonly table?: CardTable;
  /** Query over the run that gives the table, word for word. */
  readonly sql?: string;
  /** Column of the table that is drawn as bars beside the first one; and the column that is the whole of each. */
  readonly bars?: { readonly part: string; readonly whole: string };
}

export interface CardSection {
  readonly title: string;
  readonly fields: readonly CardField[];
}

/** A data card: the fifteen sections of Pushkarna et al. 2022, "Data Cards", filled as far as a run knows. */
export interface Card {
  readonly format: number;
  readonly name: string;
  readonly made: string;
  /** What identifies the run: hashes of recipe, input and split plan, and sha256 of its commit log. */
  readonly run: { readonly recipe: string; readonly input: string; readonly plan: string; readonly commits: string };
  /** Excerpts, ids and paths are left out. */
  readonly redacted: boolean;
  readonly sections: readonly CardSection[];
}

export const UNANSWERED = 'unanswered';
