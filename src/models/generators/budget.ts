import type { Usage } from './generator.ts';

export interface Prices {
  /** Of a million tokens of prompt, in any currency. */
  readonly promptMillion: number;
  /** Of a million tokens of answer. */
  readonly answerMillion: number;
}

export const costOf = ({ promptTokens, tokens }: Usage, { promptMillion, answerMillion }: Prices): number =>
  (promptTokens * promptMillion + tokens * answerMillion) / 1e6;

export const usageSum = (a: Usage, b: Usage): Usage => ({
  promptTokens: a.promptTokens + b.promptTokens,
  tokens: a.tokens + b.tokens,
});

export const NO_USAGE: Usage = { promptTokens: 0, tokens: 0 };

export interface BudgetOptions {
  /** Tokens of prompts and answers; null: no limit. */
  readonly tokens: number | null;
  /** In the currency of the prices; null: no limit. */
  readonly cost: number | null;
  readonly prices: Prices;
  /** Spent by earlier starts. */
  readonly spent: Usage;
}

/**
 * What a step may spend. A request is let out only when the most that it can cost still fits beside what is spent and
 * what is out, so the budget holds whatever comes back, as long as a server keeps to the limit of an answer.
 */
export interface TokenBudget {
  /** True: so much is put aside for a request. False: it does not fit. */
  reserve(most: Usage): boolean;
  /** @param real null: nothing was billed */
  settle(most: Usage, real: Usage | null): void;
  readonly spent: Usage;
  readonly reserved: Usage;
}

export function tokenBudget({ tokens, cost, prices, spent: before }: BudgetOptions): TokenBudget {
  let spent = before;
  let reserved = NO_USAGE;
  return {
    get spent() {
      return spent;
    },
    get reserved() {
      return reserved;
    },
    reserve(most) {
      const all = usageSum(usageSum(spent, reserved), most);
      if (tokens !== null && all.promptTokens + all.tokens > tokens) return false;
      if (cost !== null && costOf(all, prices) > cost) return false;
      reserved = usageSum(reserved, most);
      return true;
    },
    settle(most, real) {
      reserved = {
        promptTokens: reserved.promptTokens - most.promptTokens,
        tokens: reserved.tokens - most.tokens,
      };
      spent = usageSum(spent, real ?? NO_USAGE);
    },
  };
}
