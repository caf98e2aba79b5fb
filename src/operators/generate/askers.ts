import { type AnswerStore, openAnswerStore } from '../../models/generators/answer-store.ts';
import type { Asked, Asker, AskerStatus, Outcome } from '../../models/generators/asker.ts';
import type { Generator } from '../../models/generators/generator.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { askerOf, openGenerator } from './open-asker.ts';
import { settingsOf } from './settings.ts';

/** The generators of a run or a pipe, opened when the first of them is asked. */
export interface Askers {
  ask(step: StepDescriptor, requests: readonly Asked[], signal?: AbortSignal): Promise<Outcome[]>;
  status(): Promise<ReadonlyMap<string, AskerStatus>>;
  close(): Promise<void>;
}

/** @param folder of answers, for steps that name no other */
export function openAskers(folder: string): Askers {
  const stores = new Map<string, Promise<AnswerStore>>();
  const askers = new Map<string, Promise<{ asker: Asker; generator: Generator }>>();
  const storeIn = (path: string): Promise<AnswerStore> => {
    const store = stores.get(path) ?? openAnswerStore(path);
    stores.set(path, store);
    return store;
  };
  const open = async (step: StepDescriptor): Promise<{ asker: Asker; generator: Generator }> => {
    const settings = settingsOf(step);
    const store = await storeIn(settings.answers ?? folder);
    const generator = await openGenerator(settings, step.step, settings.answers ?? folder);
    return { asker: askerOf(step, generator, store), generator };
  };
  const askerFor = (step: StepDescriptor): Promise<{ asker: Asker; generator: Generator }> => {
    const found = askers.get(step.step) ?? open(step);
    askers.set(step.step, found);
    return found;
  };
  return {
    async ask(step, requests, signal) {
      const { asker } = await askerFor(step);
      return Promise.all(requests.map((r) => asker.ask(r, signal)));
    },
    async status() {
      const all = new Map<string, AskerStatus>();
      for (const [step, opened] of askers) all.set(step, (await opened).asker.status());
      return all;
    },
    async close() {
      // One that could not be opened has said so to whoever asked.
      for (const opened of await Promise.allSettled(askers.values()))
        if ('value' in opened) await opened.value.generator.close();
      for (const store of await Promise.allSettled(stores.values())) if ('value' in store) await store.value.close();
    },
  };
}
