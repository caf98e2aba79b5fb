import { bonito } from './bonito.ts';
import { continuation } from './continuation.ts';
import { entigraph } from './entigraph.ts';
import { selfGuide } from './self-guide.ts';
import { selfTarget } from './self-target.ts';
import type { Task } from './task.ts';
import { wrapPrompt } from './wrap-prompt.ts';

/** Every task that has a name. */
export const TASKS = {
  entigraph,
  bonito,
  continuation,
  self_guide: selfGuide,
  self_target: selfTarget,
  wrap_prompt: wrapPrompt,
} as const satisfies { readonly [name: string]: Task };
export type TaskName = keyof typeof TASKS;
export const TASK_NAMES = Object.keys(TASKS) as [TaskName, ...TaskName[]];
