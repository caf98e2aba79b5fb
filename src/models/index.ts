/** PUBLIC: small language models as tensor graphs, and what runs them. */
export type { AdamWOptions } from './adamw.ts';
export { EXECUTORS, type Executor, type ExecutorName, type Session, type Tensors } from './executors/executor.ts';
export type { ExecutorOptions } from './executors/onnxruntime-node.ts';
export { openExecutor } from './executors/open-executor.ts';
export { type PickedExecutor, type PickOptions, pickExecutor } from './executors/pick-executor.ts';
export { openInThread, type ThreadExecutor } from './executors/thread.ts';
export { type Adapter, type AdapterPair, type AdapterSettings, loadAdapter } from './folders/adapter.ts';
export { loadModel, loadModelConfig, type SaveModelOptions, saveModel } from './folders/hugging-face.ts';
export { differentiate } from './graph/differentiate.ts';
export { type Graph, GraphBuilder, type Value } from './graph/graph.ts';
export * as ops from './graph/ops.ts';
export {
  type Family,
  type LanguageModel,
  type LanguageModelConfig,
  modelConfig,
  type NewModelOptions,
  type Rope,
  type RopeScaling,
} from './language-model.ts';
export { newModel, parameterCount } from './new-model.ts';
export * from './ngram/index.ts';
export { type PackedRow, packedRows } from './packed-rows.ts';
export {
  type NotScored,
  type Perplexities,
  perplexities,
  type Scorer,
  type Scores,
  type Texts,
} from './scorers/scorer.ts';
export { type GraphSize, logitsGraph, NO_TARGET, PADDING_SEGMENT, scoringGraph } from './scorers/scoring-graph.ts';
export { type DataType, floatTensor, intTensor, type Tensor } from './tensor.ts';
export { byteTokenizer } from './tokenizers/bytes.ts';
export { type LoadTokenizerOptions, loadTokenizer } from './tokenizers/load.ts';
export type { Tokenizer, TokenLists } from './tokenizers/tokenizer.ts';
export { type TokenizerInfo, tokenizerInfo } from './tokenizers/tokenizer-files.ts';
export { openTrainer, type TrainedStep, type Trainer } from './trainer.ts';
export {
  evaluationGraph,
  gradientGraph,
  type TrainingOptions,
  trainedModel,
  trainingGraph,
  trainingState,
  updateGraph,
} from './training-graph.ts';
export type { AdapterOrigin, LossInputs, StepPart, Transform, TransformHooks, TransformPlace } from './transform.ts';
