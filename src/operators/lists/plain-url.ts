import { domainToASCII } from 'node:url';

/** The host of an address as it is written, without user, port and dots at its end. */
export function hostOf(url: string): string {
  const { start, end } = authorityOf(url);
  const host = url.slice(start, end).replace(/:\d*$/, '');
  let length = host.length;
  while (host[length - 1] === '.') length--;
  return host.slice(0, length);
}

/** Where host and port begin and end. */
function authorityOf(url: string): { start: number; end: number } {
  const from = url.indexOf('//') < 0 ? 0 : url.indexOf('//') + 2;
  let end = from;
  while (end < url.length && !'/?#\\'.includes(url[end])) end++;
  const at = url.lastIndexOf('@', end - 1);
  return { start: at < from ? from : at + 1, end };
}

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/** A host in lower case and Punycode; one that has no Punycode in lower case only. */
export function asciiHost(host: string): string {
  const lower = host.toLowerCase();
  return isAscii(lower) ? lower : domainToASCII(lower) || lower;
}

/**
 * An address to compare: lower case, without scheme, user, `www.`, the port 80 or 443 and a `/` at the end; its host in
 * Punycode.
 */
export function plainUrl(url: string): string {
  const bare = url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const { end } = authorityOf(`//${bare}`);
  const port = /:(?!80$|443$)\d+$/.exec(bare.slice(0, end - 2))?.[0] ?? '';
  const host = asciiHost(hostOf(`//${bare}`)).replace(/^www\./, '');
  return `${host}${port}${bare.slice(end - 2).toLowerCase()}`.replace(/\/$/, '');
}
