// An annotator in whose thread a message can end everything: SLUICE_ASKING = { channel, file, service, times }. By the
// channel, whenever something is posted to it; or as soon as the thread has asked that service, so many times, counted
// by bytes in the file.
import { appendFileSync, statSync } from 'node:fs';
import { BroadcastChannel, MessagePort } from 'node:worker_threads';

const DEAD = 7;

export const asking = () => {
  const plan = process.env.SLUICE_ASKING ? JSON.parse(process.env.SLUICE_ASKING) : null;
  if (plan?.channel) {
    const channel = new BroadcastChannel(plan.channel);
    channel.onmessage = () => process.exit(DEAD);
    channel.unref();
  }
  if (plan?.service) {
    const { postMessage } = MessagePort.prototype;
    MessagePort.prototype.postMessage = function (message, ...rest) {
      postMessage.call(this, message, ...rest);
      if (message?.service !== plan.service || statSync(plan.file).size >= plan.times) return;
      appendFileSync(plan.file, 'x');
      process.exit(DEAD);
    };
  }
  return (batch) => [['asking_one', { type: 'int32', values: new Int32Array(batch.rows).fill(1), valid: null }]];
};
