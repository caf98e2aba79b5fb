import { bonito } from './bonito.ts';
import { continuation } from './continuation.ts';
import { entigraph } from './entigraph.ts';
import type { Task } from './task.ts';

/** Every task that has a name. */
export const TASKS = { entigraph, bonito, continuation } as const satisfies { readonly [name: string]: Task };
export type TaskName = keyof typeof TASKS;
export const TASK_NAMES = Object.keys(TASKS) as [TaskName, ...TaskName[]];
