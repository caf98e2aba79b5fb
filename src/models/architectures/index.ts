import type { Family } from '../language-model.ts';
import type { Architecture } from './architecture.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { neox } from './neox.ts';

export const architectures: Readonly<Record<Family, Architecture>> = { gpt2, neox, llama };
