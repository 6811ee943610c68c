import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { acceptsGzip, compressReply, minCompressedBytes } from '../compress-reply.ts';
import { sendJson } from '../send-json.ts';
import { headerLength, type InferenceReply } from './inference-body.ts';

/** Sends JSON, or JSON followed by bytes; compressed where the caller takes it. */
export function sendInference(
  request: FastifyRequest,
  reply: FastifyReply,
  result: InferenceReply,
): FastifyReply {
  const gzip = acceptsGzip(request);
  if ('json' in result) return sendJson(reply, result.json, gzip);
  const { chunks, jsonLength } = result;
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const body = Readable.from(chunks, { objectMode: false });
  void reply.header(headerLength, jsonLength).type('application/octet-stream');
  if (gzip && length >= minCompressedBytes) return reply.send(compressReply(reply, body));
  return reply.header('content-length', length).send(body);
}
