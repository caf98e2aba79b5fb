/** Columns of `urlFilter()`, in the order in which they are judged. */
export const URL_COLUMNS = [
  'url_listed_domain',
  'url_listed_host',
  'url_listed_page',
  'url_hard_words',
  'url_soft_words',
  'url_subwords',
] as const;
