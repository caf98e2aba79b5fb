/** Credits closer than this are equal: the rounding of a sum of weights decides nothing. */
const EQUAL = 1e-9;

/**
 * Which domain the next slot goes to, given what each is owed (the sum of its weights over all slots, this one
 * included, less the sequences drawn) and the weights (their sum is 1). A weight of 0 is never drawn. Ties go to the
 * earlier domain.
 *
 * With n domains above 0 and d = 1 / (2n - 2):
 * - Weights that stay as they are: Tijdeman's rule (The chairman assignment problem, 1980): among the domains owed d
 *   or more, the one that would be owed more than 1 - d first. What is owed then stays within 1 - d, always below one
 *   sequence, and no rule does better for every choice of weights.
 * - Weights that change can leave several domains owed more than 1 - d at once; then the largest debt comes first. If
 *   no weight is ever 0, nothing is owed more than 1 - d + (1/2 + ... + 1/n), by the cup game (above 1 - d this is the
 *   greedy emptier, whose fullest of n cups holds at most 1/2 + ... + 1/n), and nothing is ahead by more than 1 - d.
 * - No rule that does not know the coming weights keeps within one sequence for n >= 4: who pours equally into the
 *   domains not yet drawn leaves the last of them owed 1/2 + ... + 1/n (1.08 for 4, 2.60 for 20).
 * - Largest debt alone has that least worst case but exceeds 1 with constant weights (1.24 measured); Tijdeman's
 *   alone reaches 5.10 against the pouring above, this rule 2.60. Random changes of weights: 1.3 at most (2 to 20
 *   domains, `scripts/certify/draw-rules.ts`).
 * - A domain that is owed something when its weight becomes 0 is owed it until its weight is above 0 again.
 */
export function nextDomain(owed: readonly number[], weights: readonly number[]): number {
  let domains = 0;
  for (const weight of weights) if (weight > 0) domains++;
  const least = domains > 1 ? 1 / (2 * domains - 2) : 0;
  const most = 1 - least;
  let [largest, soonest, deadline] = [-1, -1, Number.POSITIVE_INFINITY];
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] > 0)) continue;
    if (largest < 0 || owed[i] > owed[largest] + EQUAL) largest = i;
    if (owed[i] < least - EQUAL) continue;
    const slots = (most - owed[i]) / weights[i];
    if (slots < deadline - EQUAL) [soonest, deadline] = [i, slots];
  }
  return soonest < 0 || owed[largest] > most + EQUAL ? largest : soonest;
}
