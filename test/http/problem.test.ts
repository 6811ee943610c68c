import { describe, expect, it } from 'vitest';
import { errorCodes, getStatus, getTitle, UnrollError } from '../../src/errors.ts';
import { toProblem } from '../../src/http/problem.ts';

describe('a problem document', () => {
  it.each(errorCodes)('%s has the status and title of its code', (code) => {
    const problem = toProblem(new UnrollError(code, 'what was seen', { field: 'input' }));
    expect(problem).toEqual({
      type: 'about:blank',
      title: getTitle(code),
      status: getStatus(code),
      code,
      detail: 'what was seen',
      field: 'input',
    });
    expect(problem.status).toBeGreaterThanOrEqual(400);
  });

  it.each([new Error('secret'), 'secret', null, undefined, { code: 'ENOENT', message: 'secret' }])(
    'has no details of an unexpected error (%j)',
    (error) => {
      const problem = toProblem(error);
      expect(problem).toMatchObject({ code: 'internal', status: 500 });
      expect(JSON.stringify(problem)).not.toContain('secret');
    },
  );
});
