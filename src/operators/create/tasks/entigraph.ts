import type { Random } from '../../../random.ts';
import { MATERIAL, readEach, shown, type Task, type TaskPrompt } from './task.ts';

const SCHEMA = {
  type: 'object',
  properties: { summary: { type: 'string' }, entities: { type: 'array', items: { type: 'string' } } },
  required: ['summary', 'entities'],
  additionalProperties: false,
};

interface Found {
  readonly summary: string;
  readonly entities: readonly string[];
}

/**
 * First the entities of a document with a summary, which is kept as text too; then a passage for every pair of them,
 * and for triples in an order drawn by the seed, up to the most that is allowed.
 */
export const entigraph: Task = {
  source: 'EntiGraph: Yang et al. 2024, "Synthetic Continued Pretraining", section 3',
  kinds: [],
  first: (text) => [
    {
      part: 'entities',
      system: MATERIAL,
      prompt:
        'Name every person, place, organisation, object and concept that the document is about, as it writes them, ' +
        `and sum the document up. Answer with a JSON object: {"summary": text, "entities": [names]}.\n\n${shown(text)}`,
      schema: SCHEMA,
    },
  ],
  next(text, told, { random, most }) {
    if (told.length !== 1) return [];
    const [{ answer }] = told;
    const entities = [
      ...new Set(
        found(answer ?? '')
          ?.entities.map((e) => e.trim())
          .filter(Boolean) ?? [],
      ),
    ];
    return tuplesOf(entities, random, most).map((names): TaskPrompt => {
      const list = names.map((n) => `"${n}"`).join(' and ');
      return {
        part: names.join(' + '),
        system: MATERIAL,
        prompt:
          `Say again what the document tells about each of these, with the weight on it: ${list}. Then discuss how ` +
          'they bear on each other in the document. Give each part a heading that names the document.\n\n' +
          shown(text),
        schema: null,
      };
    });
  },
  read: readEach((answer, { part }) => {
    if (part !== 'entities') return { text: answer.trim(), responseAt: 0 };
    const summary = found(answer)?.summary.trim();
    return summary === undefined ? null : { text: summary, responseAt: 0 };
  }),
};

function found(answer: string): Found | null {
  try {
    const { summary, entities } = JSON.parse(answer) as Partial<Found>;
    const right =
      typeof summary === 'string' && Array.isArray(entities) && entities.every((e) => typeof e === 'string');
    return right ? { summary, entities } : null;
  } catch {
    // No JSON: the answer is malformed.
    return null;
  }
}

/** All pairs, then triples in a drawn order. */
function tuplesOf(entities: readonly string[], random: Random, most: number): string[][] {
  const out: string[][] = [];
  for (let i = 0; i < entities.length; i++)
    for (let j = i + 1; j < entities.length && out.length < most; j++) out.push([entities[i], entities[j]]);
  const n = entities.length;
  const triples = (n * (n - 1) * (n - 2)) / 6;
  const drawn = new Set<string>();
  while (out.length < most && drawn.size < triples) {
    const [i, j, k] = [random.below(n), random.below(n), random.below(n)].sort((a, b) => a - b);
    const key = `${i} ${j} ${k}`;
    if (i === j || j === k || drawn.has(key)) continue;
    drawn.add(key);
    out.push([entities[i], entities[j], entities[k]]);
  }
  return out;
}
