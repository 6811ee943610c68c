import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../random.ts';
import type { RequestOptions } from '../server/request.ts';
import type { Operation } from './api.ts';
import { otherTypes, validBodies, malformedBodies, upload } from './bodies.ts';
import type { Ids } from './ids.ts';
import { sampleSchema, type Schema } from './sample-schema.ts';
import { anyValue, mutate, strings } from './values.ts';

export interface RandomRequest extends RequestOptions {
  readonly operation: Operation;
}

export function randomRequest(options: {
  readonly random: Random;
  readonly operations: readonly Operation[];
  readonly resolve: (schema: Schema) => Schema;
  readonly ids: Ids;
}): RandomRequest {
  const { random, ids } = options;
  const operation = random.pick(options.operations);
  const sampling = { random, wild: random.pick([0, 0, 0.02, 0.1, 0.4]), resolve: options.resolve };
  const headers = randomHeaders(random);
  const body = randomBody(operation, sampling, headers);
  const method = random.chance(0.04)
    ? random.pick(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'GET', 'POST', 'QUERY', 'PROPFIND'])
    : operation.method;
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids.pick(name, random));
  const slash = random.chance(0.03) ? '/' : '';
  return {
    operation,
    method,
    path: path + slash + randomQuery(operation, sampling),
    headers,
    body: body === undefined ? undefined : encodeBody(body, random, headers),
  };
}

type Sampling = Parameters<typeof sampleSchema>[1];

function randomQuery({ query }: Operation, sampling: Sampling): string {
  const { random } = sampling;
  const pairs = query
    .filter(() => random.chance(0.6))
    .map(({ name, schema }) => {
      const value = random.chance(0.3) ? random.pick(strings) : sampleSchema(schema, sampling);
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${encodeURIComponent(name)}=${encodeURIComponent(text.toWellFormed())}`;
    });
  if (pairs.length === 0 && !random.chance(0.05)) return '';
  return `?${pairs.join('&')}${random.chance(0.1) ? '&a[b]=c&%=%' : ''}`;
}

/** Creates a body. Sets the content type in `headers` if it is not JSON. */
function randomBody(
  operation: Operation,
  sampling: Sampling,
  headers: Record<string, string>,
): string | Buffer | undefined {
  const { random } = sampling;
  if (operation.path === '/v1/datasets' && operation.method === 'POST') {
    const { type, body } = upload(random);
    headers['content-type'] = type;
    return body;
  }
  if (operation.body === null && !random.chance(0.05)) return undefined;
  const validBody = validBodies[operation.path.replace('/versions/{version}', '')];
  const value =
    validBody && random.chance(0.6)
      ? mutate(validBody, random.int(0, 3), random)
      : operation.body
        ? sampleSchema(operation.body, sampling)
        : anyValue(random);
  const body = random.chance(0.03) ? random.pick(malformedBodies) : JSON.stringify(value);
  if (random.chance(0.15)) headers['content-type'] = random.pick(otherTypes);
  if (operation.path.endsWith('/infer') && random.chance(0.2)) {
    const lengths = ['0', '10', '-1', '99999', 'x', String(Buffer.byteLength(body))];
    headers['inference-header-content-length'] = random.pick(lengths);
    if (random.chance(0.5)) headers['content-type'] = 'application/octet-stream';
  }
  return body;
}

/** Compresses some bodies, a few of them into more than a server may inflate, and cuts some off. */
function encodeBody(body: string | Buffer, random: Random, headers: Record<string, string>): string | Buffer {
  if (!random.chance(0.06)) return body;
  const [encoding, compress] = random.pick([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ] as const);
  headers['content-encoding'] = encoding;
  const compressed = compress(random.chance(0.05) ? Buffer.alloc(20_000_000, 0x20) : body);
  return random.chance(0.2) ? compressed.subarray(0, random.int(0, compressed.length)) : compressed;
}

function randomHeaders(random: Random): Record<string, string> {
  const headers: Record<string, string> = {};
  const sometimes = (share: number, name: string, values: readonly string[]): void => {
    if (random.chance(share)) headers[name] = random.pick(values);
  };
  sometimes(0.1, 'accept', ['text/event-stream', '*/*', 'x', 'application/json;q=0']);
  sometimes(0.1, 'accept-encoding', ['gzip', '*', 'gzip;q=0', 'br, deflate']);
  sometimes(0.02, 'expect', ['100-continue', 'x']);
  sometimes(0.05, 'x-request-id', ['a', 'x'.repeat(2000), '\u00ff']);
  sometimes(0.05, 'origin', ['null', 'http://evil', 'x']);
  sometimes(0.05, 'last-event-id', ['1', '-1', 'x', '9e99']);
  sometimes(0.03, 'content-encoding', ['gzip', 'br', 'x']);
  return headers;
}
