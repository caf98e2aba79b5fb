/**
 * What was asked for and is not done: another size of shards than at the first start, a folder without its files.
 * @param left names in the folder that are of no run; @param asked size of shards of this start; @param own of the run
 */
export function notUsed(left: readonly string[], asked: number | undefined, own: number): string[] {
  const stays = left.map((name) => `${name} stays in the output folder: it is not of a run`);
  if (asked === undefined || asked === own) return stays;
  return [...stays, `shard size: this run was started with ${own} bytes and keeps that; ${asked} is not used`];
}
