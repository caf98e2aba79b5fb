import * as z from 'zod';

/** What two addresses may differ in and still be one; each can be turned off. */
export const urlOptions = z.strictObject({
  /** `http` and `https` are one: the scheme is left out. */
  scheme: z.boolean().default(true),
  /** `www.` in front of a host is left out. */
  www: z.boolean().default(true),
  /** `:80` of http, `:443` of https, `:21` of ftp. */
  defaultPort: z.boolean().default(true),
  /** `/a/` is `/a`; an empty path is `/`. */
  trailingSlash: z.boolean().default(true),
  /** `#part` is left out, but not `#!/page` and `#/page`, which name pages. */
  fragment: z.boolean().default(true),
  /** Parameters that follow a reader and not the page: utm_*, gclid, fbclid ... */
  tracking: z.boolean().default(true),
  /** Session ids, as a parameter or as `;jsessionid=...` in the path. */
  session: z.boolean().default(true),
  /** Parameters in the order of their bytes. */
  sortQuery: z.boolean().default(true),
  /** `%7E` is `~`, `%e4` is `%E4`, and a character outside ASCII is the percent codes of its UTF-8. */
  percent: z.boolean().default(true),
});
