import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { headerLength } from '../v2/inference-body.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** What a page may read of a reply besides its body and its type. */
const exposedHeaders = [
  'allow',
  headerLength,
  'location',
  'retry-after',
  'www-authenticate',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
];
/** Seconds for which a browser need not ask again. */
const maxAge = 600;

/** Lets the pages of an origin call the server, with any header; none without an origin, and all for `*`. */
export async function allowOrigin(app: FastifyInstance, origin: string): Promise<void> {
  if (origin !== '') await app.register(cors, { origin, methods, exposedHeaders, maxAge });
}

/** The headers for replies to requests that fail before the hooks. */
export const corsHeaders = (origin: string): Readonly<Record<string, string>> =>
  origin === ''
    ? {}
    : {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': exposedHeaders.join(', '),
      };
