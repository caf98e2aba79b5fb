/** Names of what two addresses may differ in and still be one; `url-options.ts` says what each means. */
export const URL_OPTIONS = [
  'scheme',
  'www',
  'defaultPort',
  'trailingSlash',
  'fragment',
  'tracking',
  'session',
  'sortQuery',
  'percent',
] as const;

export type UrlOptions = { readonly [option in (typeof URL_OPTIONS)[number]]: boolean };

const TRACKING = new RegExp(
  '^(utm_[a-z_]+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|_ga|_gl|' +
    '_hsenc|_hsmi|mkt_tok|oly_(anon|enc)_id|vero_(id|conv)|ref_src|ref_url|spm|s_cid|icid|ncid|cmpid|' +
    String.raw`wt\.mc_id|wickedid)$`,
);
const SESSION = /^(jsessionid|phpsessid|aspsessionid[a-z]*|asp\.net_sessionid|cfid|cftoken|sessionid|session_id|sid)$/;
const PORTS: Readonly<Record<string, string>> = { http: '80', https: '443', ftp: '21' };

/** A-Z only: locale and Unicode version must not matter. */
const lower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));

/**
 * The address without what does not tell pages apart; the host in lower case in any case. Syntax of RFC 3986, by hand:
 * the URL class of Node changes with its version. Null for what has no `//host` (mailto:, data:, a bare path) or is
 * empty.
 */
export function normalUrl(url: string, o: UrlOptions): string | null {
  const match = /^\s*(?:([A-Za-z][A-Za-z0-9+.-]*):)?\/\/([^/?#\s\\]+)([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url.trim());
  if (!match) return null;
  const [, rawScheme = '', authority, path, query = '', fragment = ''] = match;
  const scheme = lower(rawScheme);
  const at = authority.lastIndexOf('@');
  let host = lower(authority.slice(at + 1)).replace(/\.(?=(:\d*)?$)/, '');
  if (o.defaultPort)
    host = host.replace(/:(\d*)$/, (all, port: string) => (port === '' || port === PORTS[scheme] ? '' : all));
  if (o.www) host = host.replace(/^www\.(?=[^.]+\.)/, '');
  if (host === '') return null;
  const parts = [
    o.scheme ? '' : `${scheme}:`,
    '//',
    at >= 0 ? authority.slice(0, at + 1) : '',
    host,
    pathOf(path, o),
    queryOf(query, o),
    o.fragment && !/^#!?\//.test(fragment) ? '' : fragment,
  ];
  const whole = parts.join('');
  return o.percent ? percentNormal(whole) : whole;
}

function pathOf(path: string, o: UrlOptions): string {
  let out = path;
  if (o.session) out = out.replace(/;(jsessionid|phpsessid|sid)=[^/;?]*/gi, '');
  if (o.trailingSlash) out = out.replace(/(?<!\/)\/+$/, '');
  return out === '' && o.trailingSlash ? '/' : out;
}

function queryOf(query: string, o: UrlOptions): string {
  const wanted = query
    .slice(1)
    .split('&')
    .filter((pair) => {
      const name = lower(pair.split('=', 1)[0]);
      return pair !== '' && !(o.tracking && TRACKING.test(name)) && !(o.session && SESSION.test(name));
    });
  if (o.sortQuery) wanted.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return wanted.length === 0 ? '' : `?${wanted.join('&')}`;
}

function percentNormal(url: string): string {
  return url
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
      const c = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9._~-]/.test(c)
        ? c
        : `%${hex.replace(/[a-f]/g, (d) => String.fromCharCode(d.charCodeAt(0) - 32))}`;
    })
    .replace(/[^!-~]+/gu, (s) =>
      Array.from(new TextEncoder().encode(s), (b) => `%${(b < 16 ? '0' : '') + b.toString(16)}`)
        .join('')
        .replace(/[a-f]/g, (d) => String.fromCharCode(d.charCodeAt(0) - 32)),
    );
}
