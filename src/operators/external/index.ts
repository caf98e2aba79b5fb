export type { FilterStatus } from './filter-pool.ts';
export { openFilters } from './filters.ts';
