import type { MessagePort } from 'node:worker_threads';
import type { Services } from '../../streams/services.ts';
import { errorFromData } from '../../thread-errors.ts';
import type { Answer, Question } from './messages.ts';

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** The services of the main thread, over the port of a task. A port that is closed fails what still waits. */
export function servicesOver(port: MessagePort): Services {
  const waiting = new Map<number, Waiting>();
  let next = 0;
  port.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) asked?.reject(errorFromData(answer.error));
    else asked?.resolve(answer.result as never);
  });
  port.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the main thread answers no more'));
    waiting.clear();
  });
  return {
    call: (service, step, request, transfer = []) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        port.postMessage({ id, service, step, request } satisfies Question, transfer);
      }),
  };
}
