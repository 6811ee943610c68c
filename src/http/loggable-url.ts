/** Query parameters whose values are logged; of others only the names. */
const loggedParameters: ReadonlySet<string> = new Set(['after', 'limit', 'stream', 'task']);
const maxLength = 500;

/** A URL for the log: without the values of its query, which may be secrets. */
export function toLoggableUrl(url: string): string {
  const start = url.indexOf('?');
  if (start < 0) return url.slice(0, maxLength);
  const query = url
    .slice(start + 1, maxLength)
    .split('&')
    .map((pair) => {
      const [name = ''] = pair.split('=', 1);
      return pair === name || loggedParameters.has(name) ? pair : `${name}=…`;
    });
  return `${url.slice(0, start)}?${query.join('&')}`.slice(0, maxLength);
}
