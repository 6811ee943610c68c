import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Where callers reach the server: UNROLL_PUBLIC_URL. Both are null where it is not set. */
export interface PublicUrl {
  readonly origin: string | null;
  readonly host: string | null;
  /** Path below which a proxy has the server, without a slash at its end. */
  readonly prefix: string;
}

export function parsePublicUrl(text: string): PublicUrl {
  if (text === '') return { origin: null, host: null, prefix: '' };
  const { origin, hostname, pathname } = new URL(text);
  return { origin, host: hostname, prefix: pathname.replace(/\/+$/, '') };
}

/** Where a caller reaches the server, without a slash at its end: what is set, or as the caller has named it. */
export const findPublicUrl = (
  { protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>,
  publicUrl: string,
): string => (publicUrl === '' ? `${protocol}://${host}` : publicUrl.replace(/\/+$/, ''));

/** Removes the prefix from a request's URL, which a proxy may have left. */
export function removePrefix(url: string, prefix: string): string {
  if (!url.startsWith(prefix)) return url;
  const rest = url.slice(prefix.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}

/** Adds the prefix to the paths that replies refer to. */
export function prefixLocations(app: FastifyInstance, prefix: string): void {
  app.addHook('onSend', (_request, reply, payload, next) => {
    const location = reply.getHeader('location');
    if (typeof location === 'string' && location.startsWith('/')) reply.header('location', prefix + location);
    next(null, payload);
  });
}
