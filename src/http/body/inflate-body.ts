import type { FastifyRequest } from 'fastify';
import { promisify } from 'node:util';
import { gunzip, inflate, inflateRaw } from 'node:zlib';
import { UnrollError } from '../../errors.ts';

/** Every deflate stream in zlib's format begins with these four bits; some clients send deflate without it. */
const zlibMethod = 8;

const inflaters = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: (bytes: Buffer, options: { maxOutputLength: number }) =>
    promisify((bytes[0]! & 0x0f) === zlibMethod ? inflate : inflateRaw)(bytes, options),
} as const;

/** Whether a body was compressed by its sender. */
export const isEncoded = ({ headers }: FastifyRequest): boolean => {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity';
};

/**
 * Inflates a body as its content-encoding says, in another thread, to at most the bytes that the route takes.
 * @throws UnrollError unsupported_media_type, body_too_large, malformed_encoding
 */
export async function inflateBody(request: FastifyRequest, bytes: Buffer): Promise<Buffer> {
  const encoding = request.headers['content-encoding']!.trim().toLowerCase();
  if (!Object.hasOwn(inflaters, encoding))
    throw new UnrollError(
      'unsupported_media_type',
      `content-encoding: must be gzip or deflate, was ${encoding.slice(0, 64)}`,
    );
  const maxOutputLength = request.routeOptions.bodyLimit;
  try {
    return await inflaters[encoding as keyof typeof inflaters](bytes, { maxOutputLength });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new UnrollError('body_too_large', `body: at most ${maxOutputLength} bytes once inflated`);
    throw new UnrollError('malformed_encoding', `body: is not ${encoding}: ${message}`, { cause: error });
  }
}
