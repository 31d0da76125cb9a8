/** An empty, `.` or `..` segment, or one that begins with a dot and has to be looked at. */
const UNCLEAN = /\/[/.]/;

/**
 * A path without empty, `.` and `..` segments, always with a leading slash; a trailing slash is kept. Works on the path as it
 * was sent, so `%2F` inside a segment stays part of it.
 */
export function cleanPath(path: string): string {
  if (path.startsWith('/') && !UNCLEAN.test(path)) return path;
  const kept: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const last = segments.at(-1);
  const slash = kept.length > 0 && (last === '' || last === '.' || last === '..') ? '/' : '';
  return `/${kept.join('/')}${slash}`;
}

/** A request target in absolute form, as clients of a proxy write it (RFC 9112, 3.2.2), without scheme and authority. */
export const originForm = (target: string): string =>
  target.startsWith('/')
    ? target
    : target.replace(/^https?:\/\/[^/?#]*(?=([/?#]|$))/i, (_whole, next: string) => (next === '/' ? '' : '/'));
