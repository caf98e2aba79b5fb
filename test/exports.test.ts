import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../src');

interface Exported {
  readonly values: string[];
  readonly types: string[];
}

/** Names that an index exports, by its text: it says nothing but `export ... from`. */
function exportsOf(file: string): Exported {
  const text = readFileSync(file, 'utf8');
  const inner = (path: string): Exported => exportsOf(resolve(dirname(file), path));
  const found: Exported = { values: [], types: [] };
  for (const [, type, names] of text.matchAll(/export (type )?\{([^}]*)\} from/g))
    for (const name of names.split(',').map((n) => n.trim()))
      if (name) found[type || name.startsWith('type ') ? 'types' : 'values'].push(name.split(' ').at(-1)!);
  for (const [, path] of text.matchAll(/export \* from '([^']+)'/g)) {
    found.values.push(...inner(path).values);
    found.types.push(...inner(path).types);
  }
  for (const [, name, path] of text.matchAll(/export \* as (\w+) from '([^']+)'/g)) {
    const members = path.endsWith('/index.ts') ? inner(path).values.map((n) => `${name}.${n}`) : [name];
    found.values.push(...members);
  }
  return { values: found.values.sort(), types: found.types.sort() };
}

/** Words of a text. */
const words = (text: TemplateStringsArray): string[] => text[0].split(/\s+/).filter(Boolean);

/** What users can import, by sub-path; whatever is added or taken away is a decision, so it is written here too. */
const PUBLIC: Readonly<Record<string, Exported>> = {
  '': {
    values: words`
      ByteBudget ConfigError DOCUMENT_COLUMNS DocumentBatch FINEWEB_2_LANGUAGES GuardError InputError
      InvariantError SLUICE_VERSION SluiceError annotate annotator arrow as badWords c4 codeRules
      codeStatistics continual continualPretrain custom decontaminate dedup drop external extract fasttext
      feedClient fineweb fineweb2Rules finewebRules float64Column gopherQuality gopherQualityRules
      gopherRepetition gopherRepetitionRules int32Column jsonl judge language languageRules ngramPerplexity
      numberAt openFeed operator parallel parquet partsRules perplexity pii pulled readDocuments recipe
      reference refine rephrase retain rowsInScope rule run runStats schedules select serveFeed shadow
      stopWords stringAt synthesize tableRules textParts textRules textStatistics toArrow tokenize tokens
      urlFilter utf8Column validBitmap withCreated withVerdict
    `,
    types: words`
      Alert Annotate AnnotateOptions AnnotatorContext AnnotatorDescriptor AnnotatorFactory AnnotatorSpec Asked
      Column ColumnSpec ColumnType Comparison Continual ContinualInput Counters CreatedDocuments CutSpans
      Description DocumentView DropOptions Effects ExternalInput ExtractInput FeedFacts FeedOptions FeedSequence
      FeedServer FeedSource
      FeedStatus FeedStep Json Lease LiveState LoopEvent LoopOptions ModuleExport Operator OperatorContext
      OperatorFactory OperatorSpec ParallelOptions Predicate Pulled
      QuarantinedRecord ReadDocumentsOptions ReadOptions ReadOptionsInput Recipe RecipeInput Reference
      ReferenceInput RefineInput RephraseInput Rule RunEvent RunJson RunOptionsInput Schedule SchedulePlace Scope
      SinkDescriptor Split
      SplitPlan Stage StageContext
      StageFactory StepDescriptor StepEvent StepOptions SynthesizeInput Verdict
    `,
  },
  streams: {
    values: words`
      ByteBudget DOCUMENT_COLUMNS DocumentBatch float64Column int32Column numberAt parallel pulled readDocuments
      retain rowsInScope stringAt toArrow utf8Column validBitmap withCreated
    `,
    types: words`
      Column ColumnSpec ColumnType Comparison Counters CreatedDocuments CutSpans Effects Json Lease ModuleExport
      Operator OperatorContext ParallelOptions QuarantinedRecord ReadDocumentsOptions ReadOptions ReadOptionsInput
      Rule Scope Split SplitPlan Stage StepDescriptor Verdict
    `,
  },
  operators: {
    values: words`
      DEFAULT_FIELDS FINEWEB_2_LANGUAGES annotate annotator as badWords c4 codeRules codeStatistics custom
      decontaminate dedup.bloom dedup.boilerplate dedup.exact dedup.lines dedup.minhash dedup.normalized
      dedup.paragraphs dedup.sentences dedup.substring dedup.url drop external extract fasttext fineweb
      fineweb2Rules finewebRules gopherQuality gopherQualityRules gopherRepetition gopherRepetitionRules judge
      language languageRules ngramPerplexity operator partsRules perplexity pii refine rephrase rule
      select.buckets select.byPerplexity select.byRank select.streaming shadow stopWords synthesize tableRules
      textParts textRules textStatistics tokenize urlFilter withVerdict
    `,
    types: words`
      Annotate AnnotateOptions Annotator AnnotatorContext AnnotatorDescription AnnotatorDescriptor
      AnnotatorFactory AnnotatorMaker AnnotatorSpec BadWordsOptions BenchmarkFields C4Options C4StepOptions
      CodeThresholds Description DocumentView DropOptions ExternalInput ExtractInput FasttextOptions
      FinewebOptions FinewebThresholds GopherQualityOptions GopherQualityThresholds GopherRepetitionOptions
      GopherRepetitionThresholds LanguageOptions LanguageThresholds NgramPerplexityOptions OperatorFactory
      OperatorSpec PartsThresholds PerplexityInput PiiOptions Predicate Profile RefineInput RephraseInput
      SplitName StageContext StageFactory StepOptions StopWordsOptions SynthesizeInput TableThresholds
      TextPartsOptions TextThresholds TokenizeOptions UrlFilterOptions
    `,
  },
  models: {
    values: words`
      EXECUTORS GraphBuilder NO_TARGET PADDING_SEGMENT byteTokenizer differentiate evaluationGraph floatTensor
      gradientGraph intTensor loadAdapter loadModel loadModelConfig loadNgram loadTokenizer logitsGraph modelConfig
      newModel ngramFileInfo ngramScorer ngramTrainer openExecutor openInThread openTrainer ops packedRows
      parameterCount perplexities pickExecutor readArpa saveModel scoringGraph tokenizerInfo trainNgram trainedModel
      trainingGraph trainingState updateGraph writeArpa writeNgram
    `,
    types: words`
      AdamWOptions Adapter AdapterOrigin AdapterPair AdapterSettings DataType Executor ExecutorName ExecutorOptions
      Family Graph GraphSize LanguageModel LanguageModelConfig LoadTokenizerOptions LossInputs NewModelOptions
      NgramFileInfo NgramModel NgramOrigin NgramTrainer NotScored PackedRow Perplexities PickOptions PickedExecutor
      Rope RopeScaling SaveModelOptions Scorer Scores Session Split StepPart Tensor Tensors Texts ThreadExecutor
      TokenLists Tokenizer TokenizerInfo TrainNgramOptions TrainedStep Trainer TrainingOptions TrainingTexts
      Transform TransformHooks TransformPlace Value
    `,
  },
  mixture: {
    values: words`
      ado adviceOn applyLosses bandit calibratedSlopes cooldown curriculum descend domainUpsampling doremi drawStep
      fitTrials fixed fromTrials graphFromDrops graphFromPairs lossAtSize mixOf phases planFor planMix predictMix
      proportional readTrials replay scalarization schedulerByName schedulerNames skillIt startMix temperature unimax
    `,
    types: words`
      Advice ByDomain Decision DescentOptions DomainFacts DrawnStep Facts FromTrialsOptions Json Mix MixOptions
      MixPlan
      MixPrediction MixState MixtureEvent MixtureLoss Pilot PlannedDomain PlannedPhase Scheduler Slot Trial TrialFit
      TrialOptions
    `,
  },
  training: {
    values: words`
      choiceBits compare comparisonSettings continualPretrain distillation documentBits dropout forgettingMarkdown
      forgettingSvg frozenHalf greedySoup halfFineTuning interpolated interpolationCurve keptTopLogits labelSmoothing
      learnedAndForgotten lora loraFrom measureBits measureModel openTeacher planComparison readCheckpoint readItems
      reference revivalSteps schedules selfDistillation trainReference uniformSoup
    `,
    types: words`
      BitsPerByte Checkpoint ChoiceBits ClozeItem ComparedRow ComparisonEvent ComparisonInput ComparisonOptions
      ComparisonPlan ComparisonReport ComparisonSettings Distillation DistillationOptions DocumentBits DomainChange
      DropoutOptions Evaluate ForgettingInput ForgettingReport GreedySoup HalfFineTuningOptions HeldOut
      HeldOutDocument
      HeldOutText Ingredient ItemChange LoopEvent LoopOptions LoraOptions Measure Measurement ModelMeasures Progress
      PulledSteps Reference ReferenceInput ReferenceJson RevivalOptions Schedule SchedulePlace SelfDistillationOptions
      SoupStep StepEvent Teacher TeacherModel TopLogits TopLogitsSource TrainReferenceOptions TrainingEvent
      TrainingSequence TrainingSource TrainingStep
    `,
  },
  sinks: {
    values: words`
      arrow feedClient jsonl parquet serveFeed tokens
    `,
    types: words`
      Asked FeedClientOptions FeedFacts FeedSequence FeedServer FeedServerOptions FeedSource FeedStatus FeedStep
      Pulled SinkDescriptor
    `,
  },
};

describe.each(Object.entries(PUBLIC))('sluice/%s', (path, expected) => {
  it('exports what this list says, and nothing else', async () => {
    expect(exportsOf(join(src, path, 'index.ts'))).toEqual(expected);
    // Nothing else, by what is loaded.
    const loaded = (await import(join(src, path, 'index.ts'))) as Record<string, unknown>;
    const names = [...new Set(expected.values.map((name) => name.split('.')[0]))];
    expect(Object.keys(loaded).sort()).toEqual(names.sort());
  });
});

describe('the files of Sluice', () => {
  it('do not go through what users import', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).map((f) => f.replaceAll('\\', '/'));
    const entries = Object.keys(PUBLIC).map((path) => join(src, path, 'index.ts'));
    const importing = files
      .filter((f) => f.endsWith('.ts') && f !== 'index.ts' && f !== 'for-recipes.ts')
      .flatMap((f) =>
        [...readFileSync(join(src, f), 'utf8').matchAll(/from '(\.[^']+)'/g)]
          .map(([, path]) => resolve(dirname(join(src, f)), path))
          .filter((path) => entries.includes(path))
          .map((path) => `${f} -> ${path}`),
      );
    expect(importing).toEqual([]);
  });
});
