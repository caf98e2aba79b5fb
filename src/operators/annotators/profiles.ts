import type { StatisticFamily } from '../../kernels/statistics.ts';
import type { AnnotatorDescription } from '../annotator.ts';
import type { StageName } from '../stages.ts';
import { columnsOf, type Of } from './part-columns.ts';
import type { Profile } from './profile.ts';
import { profileColumns } from './profiles/columns.ts';
import type { ProfileChoice } from './profiles-stage.ts';
import { statisticsColumns } from './statistics-stage.ts';

/** Which stage computes the statistics of a profile. */
export const profileStage = ({ profile }: { readonly profile: Profile }): StageName =>
  profile === 'sluice' ? 'annotators/statistics' : 'annotators/profiles';

/** A family of the kernel's own statistics. */
export const statisticsDescription = (family: StatisticFamily, of: Of): AnnotatorDescription => ({
  options: { family, ...(of === 'prose' && { of }) },
  writes: columnsOf(of, statisticsColumns(family)),
});

/** A family of statistics in a profile: the kernel's own, or another tool's arithmetic with its columns. */
export function profileDescription(
  family: StatisticFamily,
  profile: Profile,
  choice: ProfileChoice & { readonly of: Of },
): AnnotatorDescription {
  const { of } = choice;
  if (profile === 'sluice') return statisticsDescription(family, of);
  const { split, tagger } = choice;
  return {
    options: { family, profile, ...(profile === 'dolma' ? { tagger } : { split }), ...(of === 'prose' && { of }) },
    writes: columnsOf(of, profileColumns(family, profile)),
  };
}
