import { MATERIAL, readEach, shown, type Task } from './task.ts';

/** Types of task, and what is asked for each. */
const TYPES: Readonly<Record<string, string>> = {
  extractive_qa: 'a question whose answer is a stretch of the document, word by word',
  multiple_choice: 'a question with four choices, one of them right',
  yes_no: 'a question that is answered by yes or no',
  open_qa: 'a question that is answered from the document in a sentence of your own',
  question_generation: 'the request to write a question about a named part of the document, and that question',
  coreference: 'a question about what a pronoun of the document stands for',
  paraphrase_generation: 'the request to say a sentence of the document in other words, and the result',
  paraphrase_identification: 'two sentences and the question whether they say the same, answered by yes or no',
  sentence_completion: 'the beginning of a sentence that the document supports, and its end',
  sentiment: 'a question about the attitude that the document shows',
  summarisation: 'the request to sum up the document, and the summary',
  text_generation: 'the request to write a text of the kind of the document on its subject, and that text',
  topic: 'a question about the subject of the document',
  word_sense: 'a question about the meaning that a word has in the document',
  textual_entailment: 'a statement and the question whether the document supports it: yes, no or it does not say',
  nli: 'a premise of the document, a hypothesis, and whether the one implies, contradicts or does not touch the other',
};

const PIPE = '<|pipe|>';
const CONTEXT = '{{context}}';

/** One task with its answer for every type asked for; kept only when it has exactly one mark between the two. */
export const bonito: Task = {
  source: 'the task types of Bonito: Nayak et al. 2024, "Learning to Generate Instruction Tuning Datasets"',
  kinds: Object.keys(TYPES),
  first: (text, { kinds }) =>
    (kinds.length > 0 ? kinds : Object.keys(TYPES)).map((type) => ({
      part: type,
      system: MATERIAL,
      prompt:
        `Write ${TYPES[type]}. Put ${PIPE} between the task and its answer, once, and ${CONTEXT} where the document ` +
        `belongs. Answer with that alone.\n\n${shown(text)}`,
      schema: null,
    })),
  read: readEach((answer, _, text) => {
    const parts = answer.split(PIPE);
    if (parts.length !== 2) return null;
    const [task, response] = parts.map((p) => p.split(CONTEXT).join(text).trim());
    if (task === '' || response === '') return null;
    return { text: `${task}\n${response}`, responseAt: task.length + 1 };
  }),
};
