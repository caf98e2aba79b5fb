import { ledgerSink, planShards, quarantineSink, type SinkDescriptor } from '../../sinks/index.ts';
import { type CommittedFile, liveFiles } from '../../streams/commits/log.ts';
import type { Executor } from '../split/split-pool.ts';
import { sinkFolder } from './layout.ts';
import type { RunDirectory } from './run-directory.ts';

/**
 * Joins the segments of every sink into shards of about `shardSize` bytes, by copying row groups and frames. One commit
 * a shard, so a kill in the middle goes on with the next shard; segments are deleted once their shard is committed.
 */
export async function joinShards(
  directory: RunDirectory,
  sinks: readonly SinkDescriptor[],
  shardSize: number,
  executor: Executor,
): Promise<void> {
  const all: [string, string, SinkDescriptor][] = [
    ...sinks.map((s, i): [string, string, SinkDescriptor] =>
      i === 0 ? ['documents', 'documents', s] : [s.name, sinkFolder(s.name), s],
    ),
    ['ledger', 'ledger', ledgerSink],
    ['quarantine', 'quarantine', quarantineSink],
  ];
  for (const [name, folder, sink] of all) {
    const phase = `shard/${name}`;
    // From the split commits alone, so the plan is the same after an interruption.
    const segments = liveFiles(
      directory.commits.filter((c) => c.phase.startsWith('split/')).map((c) => ({ ...c, replaces: [] })),
      name,
    );
    const shards = planShards(sink, segments, shardSize);
    for (const [i, shard] of shards.entries()) {
      const inputs = shard.inputs as readonly CommittedFile[];
      if (directory.has(phase, i)) continue;
      const result = await executor.task({
        kind: 'join',
        runDirectory: directory.path,
        sink,
        sinkName: name,
        path: `${folder}/${shard.name}`,
        inputs,
      });
      const replaces = inputs.map((f) => f.path);
      await directory.commit({ phase, split: i, files: result.files, replaces, counters: null });
      await directory.remove(replaces);
    }
  }
}
