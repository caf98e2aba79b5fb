import type { StatisticFamily } from '../../kernels/statistics.ts';
import type { AnnotatorDescription } from '../annotator.ts';
import type { StageName } from '../stages.ts';
import type { Profile } from './profile.ts';
import { profileColumns } from './profiles/columns.ts';
import type { ProfileChoice } from './profiles-stage.ts';
import { statisticsColumns } from './statistics-stage.ts';

/** Which stage computes the statistics of a profile. */
export const profileStage = ({ profile }: { readonly profile: Profile }): StageName =>
  profile === 'sluice' ? 'annotators/statistics' : 'annotators/profiles';

/** A family of statistics in a profile: the kernel's own, or another tool's arithmetic with its columns. */
export function profileDescription(
  family: StatisticFamily,
  profile: Profile,
  choice: ProfileChoice,
): AnnotatorDescription {
  if (profile === 'sluice') return { options: { family }, writes: statisticsColumns(family) };
  const { split, tagger } = choice;
  return {
    options: { family, profile, ...(profile === 'dolma' ? { tagger } : { split }) },
    writes: profileColumns(family, profile),
  };
}
