import type { GenerationRequest } from '../../src/models/generators/generator.ts';

/** A greedy request for at most 24 tokens. */
export const generationRequest = (content: string, more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  messages: [{ role: 'user', content }],
  schema: null,
  temperature: 0,
  topP: 1,
  stop: [],
  seed: 1,
  maxTokens: 24,
  ...more,
});
