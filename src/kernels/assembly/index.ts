// The one WebAssembly module of the kernels: every file's exports, no runtime, memory by hand (arena.ts).
export * from './arena';
export { adamW } from './adamw';
export { c4Lines } from './c4';
export { c4Phrases } from './phrases';
export * from './escape';
export { buildFunctionWords } from './function-words';
export * from './statistics';
export { unicodeTable } from './unicode';
export { contentHashes } from './hash';
export { scanLines } from './scanner';
export { snappyCompress } from './snappy';
export {
  literalsBuffer,
  zstdBegin,
  zstdBlock,
  zstdDictionary,
  zstdHistory,
  zstdOutput,
  zstdOutputBytes,
  zstdPlainBlock,
} from './zstd';
export { bloomKeys } from './bloom';
export { foldingTable, ngramIndex, ngramScan } from './ngrams';
export { minhashKeys, minhashList, minhashListed } from './minhash';
export { minhashShingle } from './minhash-shingles';
export { minhashTable } from './same-text';
export { minhashSketch } from './minhash-sketch';
export { partStarts, partTables, partWord } from './part-tables';
export { parts } from './parts';
export { substringAnchors, substringOpen, substringWindows } from './substring';
export { minhash61 } from './minhash61';
export { bpeAdded } from './bpe-added';
export { bpeCaches } from './bpe-cache';
export { bpeBytes, bpeClasses, bpeMerges, bpeMergeTable, bpeTokens } from './bpe-tables';
export { bpeEncode, bpeMatches, bpeOpen, bpeUnusual } from './bpe';
export { extract, htmlChoice, htmlLayoutTags } from './html-extract';
export { htmlHeadings } from './html-features';
export { htmlNamed } from './html-stack';
export { htmlTables, htmlWord } from './html-state';
export { htmlTrees } from './html-trees';
export { fasttextOpen, fasttextScores, fasttextTables, fasttextWords } from './fasttext';
export { languageSums } from './language';
