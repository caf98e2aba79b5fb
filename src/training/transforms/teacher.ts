import { ConfigError } from '../../errors.ts';
import type { Executor, Session, Tensors } from '../../models/executors/executor.ts';
import type { Graph } from '../../models/graph/graph.ts';
import type { LanguageModel } from '../../models/language-model.ts';
import { type GraphSize, hiddenGraph, logitsGraph } from '../../models/scorers/scoring-graph.ts';
import type { Tensor } from '../../models/tensor.ts';
import type { TokenizerInfo } from '../../models/tokenizers/tokenizer-files.ts';

/** A model that another one learns from. It is not changed. */
export interface Teacher {
  readonly name: string;
  readonly tokenizer: TokenizerInfo;
  readonly vocabulary: number;
  readonly width: number;
  /** Logits [B, T, vocabulary] for a batch of `packedRows`. */
  logits(batch: Tensors): Promise<Tensor>;
  /** Last hidden states, normalised: [B x T, width]. */
  hidden(batch: Tensors): Promise<Tensor>;
  release(): Promise<void>;
}

/** A teacher's name, its model, and name and hash of the tokenizer that the model was trained with. */
export interface TeacherModel {
  readonly name: string;
  readonly model: LanguageModel;
  readonly tokenizer: TokenizerInfo;
}

/** A model as a teacher for batches of one size; its graphs are opened when they are first asked for. */
export function openTeacher(executor: Executor, { name, model, tokenizer }: TeacherModel, size: GraphSize): Teacher {
  const { config, weights } = model;
  const opened = new Map<string, Promise<Session>>();
  const output = async (key: string, build: () => Graph, batch: Tensors): Promise<Tensor> => {
    const session = opened.get(key) ?? executor.open(build(), weights);
    opened.set(key, session);
    const feeds = ['tokens', 'positions', 'segments'].map((feed) => [feed, batch.get(feed)!] as const);
    return (await (await session).run(new Map(feeds))).get(key)!;
  };
  return {
    name,
    tokenizer,
    vocabulary: config.vocabulary,
    width: config.width,
    logits: (batch) => output('logits', () => logitsGraph(config, size), batch),
    hidden: (batch) => output('hidden', () => hiddenGraph(config, size), batch),
    async release() {
      for (const session of opened.values()) await (await session).release();
      opened.clear();
    },
  };
}

/** Throws unless a teacher numbers tokens as the student does. */
export function checkTokenizer(teacher: Teacher, student: TokenizerInfo): void {
  if (teacher.tokenizer.hash === student.hash) return;
  throw new ConfigError({
    expected: `a teacher with the student's tokenizer, ${student.name} (${student.hash})`,
    got: `${teacher.tokenizer.name} (${teacher.tokenizer.hash})`,
    where: `teacher ${teacher.name}`,
    fix: 'Take a teacher and a student that were trained with one tokenizer.',
  });
}
