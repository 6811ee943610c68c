import multipart from '@fastify/multipart';
import fastify, { errorCodes, type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { getStatus } from '../../src/errors.ts';
import { readLibraryError } from '../../src/http/library-errors.ts';
import { toErrorResponse, toProblem } from '../../src/http/problem.ts';

type Constructor = new (...args: unknown[]) => Error & { code: string; statusCode: number };
const errors = (table: object): [string, InstanceType<Constructor>][] =>
  Object.values(table as Record<string, Constructor>).map((Type) => {
    const error = new Type('one', 'two');
    return [error.code, error];
  });

const app = fastify();
await app.register(multipart);
const { multipartErrors } = app as FastifyInstance & { multipartErrors: object };
const all = [...errors(errorCodes), ...errors(multipartErrors)];
const callers = all.filter(([, { statusCode }]) => statusCode < 500);
const servers = all.filter(([, { statusCode }]) => statusCode === 500);

describe('an error of fastify or its multipart plugin', () => {
  it('includes several errors of the caller', () => {
    expect(callers.length).toBeGreaterThan(15);
    expect(servers.length).toBeGreaterThan(50);
  });

  it.each(callers)('%s has a code with a 4xx status', (_, error) => {
    const { status, code, detail } = toProblem(error);
    expect([Math.floor(status / 100), status]).toEqual([4, getStatus(code)]);
    expect(detail).not.toBe('');
  });

  it.each(servers)('%s is an internal error without details', (_, error) => {
    expect(toProblem(error)).toMatchObject({
      code: 'internal',
      detail: expect.stringContaining('its log') as string,
    });
  });

  it.each([
    ['FST_ERR_CTP_BODY_TOO_LARGE', 'body_too_large'],
    ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'unsupported_media_type'],
    ['FST_ERR_CTP_INVALID_JSON_BODY', 'malformed_json'],
    ['FST_ERR_NOT_FOUND', 'not_found'],
    ['FST_ERR_BAD_URL', 'not_found'],
    ['FST_ERR_MAX_PARAM_LENGTH', 'path_too_long'],
    ['FST_ERR_VALIDATION', 'invalid_request'],
    ['FST_FILES_LIMIT', 'malformed_multipart'],
    ['FST_PROTO_VIOLATION', 'malformed_multipart'],
    ['FST_INVALID_MULTIPART_CONTENT_TYPE', 'unsupported_media_type'],
  ])('%s is %s', (name, code) => {
    expect(toProblem(new Map(all).get(name))).toMatchObject({ code });
  });
});

describe('an error of any library', () => {
  it.each([
    400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 422, 426, 428,
    429, 431, 451,
  ])('with status %i is an error of the caller, whatever its other fields', (statusCode) => {
    const error = Object.assign(new Error('/home/secret'), { statusCode });
    const problem = toProblem(error);
    expect(problem.status).toBeGreaterThanOrEqual(400);
    expect(problem.status).toBeLessThan(500);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it.each(['EMFILE', 'ENFILE'])('%s reports that no descriptor is left', (code) => {
    expect(toProblem(Object.assign(new Error('open /secret'), { code }))).toEqual(
      expect.objectContaining({ code: 'too_many_open_files', status: 503 }),
    );
  });

  it('without a status is an internal error', () => {
    expect(readLibraryError({ code: 'ENOENT', message: 'secret' })).toBeNull();
    expect(readLibraryError({ code: 'constructor' })).toBeNull();
  });

  it('has the form of the inference protocol on its routes', () => {
    const error = new (errorCodes.FST_ERR_CTP_BODY_TOO_LARGE as unknown as Constructor)();
    expect(toErrorResponse(error, '/v2/models/a/infer', 10)).toEqual({
      status: 413,
      code: 'body_too_large',
      type: 'application/json',
      body: { error: 'body: at most 10 bytes' },
    });
    expect(toErrorResponse(error, '/v2x').type).toBe('application/problem+json');
  });
});
