import { intervalChart } from '../charts/interval-chart.ts';
import type { DomainChange, ForgettingReport } from './report.ts';

/** Changes with their intervals: bits per byte by domain, and likelihoods of items. */
export function forgettingSvg({ domains, items }: ForgettingReport): string {
  const panels = [];
  if (domains.length > 0)
    panels.push({
      title: 'Bits per byte, after less before (left of 0: learned, right of it: forgotten)',
      series: [{ name: '', points: domains.map((d) => ({ label: labelOf(d), ...d.change })) }],
    });
  if (items.length > 0)
    panels.push({
      title: 'Log-likelihood of the right choice in bits, after less before (right of 0: better)',
      series: [{ name: '', points: items.map((i) => ({ label: i.domain, ...i.change })) }],
    });
  return intervalChart(panels);
}

/** A domain with the steps that bring it back, where they were counted and it was worse. */
function labelOf({ domain, revivalSteps }: DomainChange): string {
  if (revivalSteps === null) return `${domain}, not back`;
  return revivalSteps ? `${domain}, back in ${revivalSteps}` : domain;
}
