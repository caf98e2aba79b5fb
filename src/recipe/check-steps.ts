import { ConfigError, nearestName } from '../errors.ts';
import { DOCUMENT_COLUMNS } from '../streams/batch/batch.ts';
import { countsTokens } from '../streams/batch/token-ids.ts';
import { createsDocuments, rewritesText, type StepDescriptor } from '../streams/operator.ts';

/** The typed graph of columns: every column read must have been written by an earlier step. */
export function checkSteps(steps: readonly StepDescriptor[], recipeName: string): void {
  const written = new Map<string, string>(DOCUMENT_COLUMNS.map((c) => [c.name, 'input']));
  const names = new Set<string>();
  for (const s of steps) {
    const where = `recipe ${recipeName}, step ${s.step}`;
    if (!/^[a-z0-9][a-z0-9_+.-]*$/.test(s.step))
      throw new ConfigError({ expected: 'a step name of a-z, 0-9, _ + . -', got: `'${s.step}'`, where });
    if (names.has(s.step)) {
      throw new ConfigError({
        expected: 'steps with different names',
        got: `two called ${s.step}`,
        where,
        fix: 'Give one of them another name with `step:`.',
      });
    }
    names.add(s.step);
    for (const column of s.reads) {
      if (written.has(column)) continue;
      const near = nearestName(column, written.keys());
      throw new ConfigError({
        expected:
          'a column that an earlier step writes ' +
          `(${[...written.keys()].filter((c) => written.get(c) !== 'input').join(', ') || 'there is none yet'})`,
        got: column,
        where,
        fix: near
          ? `Did you mean ${near}?`
          : 'Add the annotator that writes it before this step, or, where the input has it, ' +
            `columns: { ${column}: 'float64' }.`,
      });
    }
    for (const { name, type } of s.writes) {
      const by = written.get(name);
      if (by === 'input')
        throw new ConfigError({
          expected: 'an annotation with a name of its own',
          got: `${name}, a column of the document`,
          where,
        });
      if (by && s.where === null) {
        throw new ConfigError({
          expected: `a column of its own`,
          got: `${name} (${type}), which step ${by} writes`,
          where,
          fix: 'Give one of them a prefix with `as()`, or scope both with `where`.',
        });
      }
      written.set(name, s.step);
    }
  }
  checkCounted(steps, recipeName);
  checkStale(steps, recipeName);
}

/**
 * Steps that refuse a column that describes the text before a rewrite say it here already: behind a step that looks at
 * all documents they would say it when hours of work are done.
 */
function checkStale(steps: readonly StepDescriptor[], recipeName: string): void {
  const written = new Set<string>();
  const stale = new Map<string, string>();
  for (const s of steps) {
    const { allowStale, bandColumn } = s.options;
    const judged = [...(allowStale === false ? s.reads : []), ...(typeof bandColumn === 'string' ? [bandColumn] : [])];
    const old = judged.filter((column) => stale.has(column));
    if (old.length > 0)
      throw new ConfigError({
        expected: 'annotations of the text as it is then',
        got: `${old.join(', ')} from before step ${stale.get(old[0])} rewrites it`,
        where: `recipe ${recipeName}, step ${s.step}`,
        fix:
          'Annotate again after the rewrite, or put the step before it' +
          `${allowStale === false ? ', or set allowStale: true' : ''}.`,
      });
    if (rewritesText(s)) for (const column of written) stale.set(column, s.step);
    for (const { name } of s.writes) {
      written.add(name);
      stale.delete(name);
    }
  }
}

/** Counted tokens are those of the text that is written, or they would be called exact and be wrong. */
function checkCounted(steps: readonly StepDescriptor[], recipeName: string): void {
  const counts = steps.findLast((s) => countsTokens(s.writes));
  if (counts === undefined) return;
  const changes = steps.slice(steps.indexOf(counts) + 1).find((s) => rewritesText(s) || createsDocuments(s));
  if (changes === undefined) return;
  throw new ConfigError({
    problem: `step ${changes.step} changes documents after step ${counts.step} has counted their tokens`,
    expected: 'no step that changes or creates documents after their tokens are counted',
    got: `${changes.step} after ${counts.step}`,
    where: `recipe ${recipeName}`,
    fix: 'Put tokenize() after the last step that changes or creates documents.',
  });
}
