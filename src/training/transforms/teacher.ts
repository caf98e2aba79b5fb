import { createHash } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import { canonicalJson } from '../../hash.ts';
import type { Executor, Session, Tensors } from '../../models/executors/executor.ts';
import type { Graph } from '../../models/graph/graph.ts';
import type { LanguageModel } from '../../models/language-model.ts';
import { type GraphSize, hiddenGraph, logitsGraph } from '../../models/scorers/scoring-graph.ts';
import type { Tensor } from '../../models/tensor.ts';
import type { TokenizerInfo } from '../../models/tokenizers/tokenizer-files.ts';
import type { Json } from '../../streams/operator.ts';

/** A model that another one learns from. It is not changed. */
export interface Teacher {
  /** For people. */
  readonly name: string;
  /** Of shape, weights and tokenizer: what a training that is resumed knows it by, wherever it lies. */
  readonly hash: string;
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

/**
 * A model as a teacher for batches of one size; its graphs are opened when they are first asked for. Reads all weights
 * once for the hash.
 */
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
    hash: hashOf(model, tokenizer),
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

/** 16 hexadecimal digits over all that decides what a teacher says. */
function hashOf({ config, weights }: LanguageModel, tokenizer: TokenizerInfo): string {
  const hash = createHash('sha256')
    .update(canonicalJson({ ...config } as Json))
    .update(tokenizer.hash);
  for (const [name, { shape, data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name} ${shape.join()}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex').slice(0, 16);
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
