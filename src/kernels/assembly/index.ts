// The one WebAssembly module of the kernels: every file's exports, no runtime, memory by hand (arena.ts).
export * from './arena';
export { c4Lines } from './c4';
export { c4Phrases } from './phrases';
export * from './escape';
export { buildFunctionWords } from './function-words';
export * from './statistics';
export { unicodeTable } from './unicode';
export { contentHashes } from './hash';
export { scanLines } from './scanner';
export { snappyCompress } from './snappy';
export { literalsBuffer, zstdBegin, zstdBlock, zstdOutput, zstdOutputBytes, zstdPlainBlock } from './zstd';
export { bloomKeys } from './bloom';
export { foldingTable, ngramIndex, ngramScan } from './ngrams';
export { minhashKeys, minhashList, minhashListed, minhashShingle } from './minhash';
export { minhashTable } from './same-text';
export { minhashSketch } from './minhash-sketch';
export { substringAnchors, substringOpen, substringWindows } from './substring';
export { minhash61 } from './minhash61';
