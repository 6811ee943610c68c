import type { FastifyReply, FastifyRequest } from 'fastify';
import { pipeline, type Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';

/** Shorter replies are sent as they are: they fit into a packet or two either way. */
export const minCompressedBytes = 1024;

/** Whether the caller takes gzip (RFC 9110, 12.5.3). */
export function acceptsGzip({ headers }: FastifyRequest): boolean {
  const accepted = headers['accept-encoding'];
  return (
    typeof accepted === 'string' &&
    accepted
      .split(',')
      .some((one) => /^\s*(gzip|x-gzip|\*)\s*(;\s*q\s*=\s*(1|0?\.\d*[1-9]|1\.0*)\s*)?$/i.test(one))
  );
}

/** Compresses a body on its way to the caller, in another thread, and sets the headers. */
export function compressReply(reply: FastifyReply, body: Readable): Readable {
  void reply.header('content-encoding', 'gzip').header('vary', 'accept-encoding');
  // an error ends both, and the reply with them
  return pipeline(body, createGzip({ level: constants.Z_BEST_SPEED }), () => {});
}
