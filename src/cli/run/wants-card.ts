/** DuckDB is loaded for a card, which takes longer than a short run. */
const CARD_SECONDS = 10;

/**
 * Does a run that has ended write its data card? Where it is asked for; and without a word where it took ten seconds of
 * work or more, so that the card is no part of what people wait for. Not for a run that was done before.
 */
export const wantsCard = (
  { card, 'no-card': without }: { readonly card: boolean; readonly 'no-card': boolean },
  already: boolean,
  seconds: number,
): boolean => card || (!without && !already && seconds >= CARD_SECONDS);
