import { sentencesOf } from '../../generate/sentences.ts';
import { readEach, type Task } from './task.ts';

/** The first half of a document, cut at the end of a sentence, and what the model goes on with. */
export const continuation: Task = {
  source: 'Xie et al. 2024, "Non-instructional Fine-tuning": a continuation as the response, loss on it alone',
  kinds: [],
  first(text) {
    const half = firstHalf(text);
    return half === '' ? [] : [{ part: 'continuation', system: '', prompt: half, schema: null }];
  },
  read: readEach((answer, { prompt }) => {
    const response = answer.trim();
    return response === '' ? null : { text: `${prompt}\n${response}`, responseAt: prompt.length + 1 };
  }),
};

function firstHalf(text: string): string {
  const sentences = sentencesOf(text);
  let half = '';
  for (const s of sentences) {
    if (half !== '' && half.length + s.length > text.length / 2) break;
    half += s;
  }
  return half.length < text.length ? half.trim() : '';
}
