import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../../src/errors.ts';
import { findReplacement } from '../../../src/http/openai/error.ts';
import { toErrorResponse } from '../../../src/http/problem.ts';

const respond = (url: string, code: UnrollError['code']): object => {
  const { status, body, type } = toErrorResponse(new UnrollError(code, 'why', { field: 'model' }), url);
  return { status, body, type };
};
const error = { message: 'why', param: 'model', code: 'wrong_task' };

describe("OpenAI's form of an error", () => {
  it.each([
    '/v1/completions',
    '/v1/embeddings?x=1',
    '/v1/files/a/content',
    '/v1/fine_tuning/jobs',
    '/v1/chat/completions',
  ])('has %s, with a status that its clients do not repeat', (url) => {
    expect(respond(url, 'wrong_task')).toEqual({
      status: 400,
      type: 'application/json',
      body: { error: { ...error, type: 'invalid_request_error' } },
    });
  });

  it.each(['/v1/models/a/generate', '/v1/completionsx', '/v1/training/jobs', '/v1', '/completions'])(
    'has not %s',
    (url) => {
      expect(respond(url, 'wrong_task')).toMatchObject({ status: 409, type: 'application/problem+json' });
      expect(respond(url, 'wrong_task')).not.toHaveProperty('body.error');
    },
  );

  it('is a member of the problem document of a model, whose route both protocols have', () => {
    for (const url of ['/v1/models', '/v1/models/a', '/v1/models/a?x=1'])
      expect(respond(url, 'wrong_task')).toMatchObject({
        status: 409,
        body: { code: 'wrong_task', detail: 'why', error },
      });
  });

  it.each([
    ['overloaded', 'server_error'],
    ['rate_limited', 'rate_limit_error'],
    ['training_disabled', 'permission_error'],
    ['model_not_found', 'invalid_request_error'],
  ] as const)('has the type of %s', (code, type) => {
    expect(respond('/v1/completions', code)).toHaveProperty('body.error.type', type);
  });
});

describe('the replacement of a route', () => {
  it('is given for paths of OpenAI that are not here', () => {
    expect(findReplacement('/v1/chat/completions')).toMatch('/v1/completions');
    expect(findReplacement('/v1/moderations')).toMatch('classify');
    for (const path of ['/v1/completions', '/v1/models', '/v1/constructor', '/chat'])
      expect(findReplacement(path)).toBeNull();
  });
});
