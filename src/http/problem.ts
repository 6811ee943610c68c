import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { getStatus, getTitle, UnrollError, type ErrorCode } from '../errors.ts';
import { readLibraryError } from './library-errors.ts';
import { isOpenaiUrl, toOpenaiError, toOpenaiStatus } from './openai/error.ts';

// RFC 9457 problem documents: the form of every error response, with a stable `code`.

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly field?: string;
  /** Every invalid field of a body. */
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** Maximum characters of a model's name or version in a path; longer ones are not parsed. */
export const maxPathSegmentLength = 256;

/** Converts any thrown value. @param bodyLimit maximum bytes of the route's body, if it has one */
export function toProblem(error: unknown, bodyLimit?: number): Problem {
  if (error instanceof UnrollError) {
    const problem = createProblem(error.code, error.message, error.field);
    if (!error.lines) return problem;
    const errors = error.lines.map(({ line, message }) => ({ field: `line ${line}`, message }));
    return { ...problem, errors };
  }
  if (hasZodFastifySchemaValidationErrors(error)) return toValidationProblem(error.validation);
  if (error instanceof SyntaxError) return createProblem('malformed_json', error.message);
  const known = readLibraryError(error ?? {});
  if (known === null)
    return createProblem('internal', 'the server failed; its log has the reason under this request id');
  const { code, detail } = known;
  if (code === 'body_too_large' && bodyLimit !== undefined)
    return createProblem(code, `body: at most ${bodyLimit} bytes`);
  if (code === 'path_too_long')
    return createProblem(code, `path: at most ${maxPathSegmentLength} characters in each segment`);
  return createProblem(code, detail ?? getTitle(code));
}

/**
 * Creates the response to an error: a problem document, or the form of the inference protocol or of OpenAI.
 * @param url of the request
 */
export function toErrorResponse(
  error: unknown,
  url: string,
  bodyLimit?: number,
): { status: number; type: string; code: ErrorCode; body: object } {
  const problem = toProblem(error, bodyLimit);
  const { status, code, detail } = problem;
  if (/^\/v2(\/|$|\?)/.test(url)) return { status, code, type: 'application/json', body: { error: detail } };
  const openaiError = toOpenaiError(problem);
  if (isOpenaiUrl(url))
    return { status: toOpenaiStatus(status), code, type: 'application/json', body: { error: openaiError } };
  // both protocols have this path
  const body = /^\/v1\/models(\/[^/?]*)?(\?|$)/.test(url) ? { ...problem, error: openaiError } : problem;
  return { status, code, type: 'application/problem+json', body };
}

/** Maximum characters of a detail and of a field's name, which may contain a part of a large request. */
const maxDetailLength = 2000;
const maxFieldLength = 200;

function createProblem(code: ErrorCode, detail: string, field?: string): Problem {
  const shortDetail = truncate(detail, maxDetailLength);
  const problem = {
    type: 'about:blank',
    title: getTitle(code),
    status: getStatus(code),
    code,
    detail: shortDetail,
  };
  return field === undefined ? problem : { ...problem, field: truncate(field, maxFieldLength) };
}

/** An invalid field as the validator reports it. */
interface InvalidField {
  /** `/input/2/0` */
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

// A response is small for every request: it reports a limited number of fields, with truncated names.
const maxReportedFields = 10;
const maxNameLength = 64;

function toValidationProblem(fields: readonly InvalidField[]): Problem {
  const reported = fields
    .slice(0, maxReportedFields)
    .flatMap(({ instancePath, message, keyword, params }) => {
      const path = instancePath.split('/').filter((part) => part !== '');
      return keyword === 'unrecognized_keys'
        ? (params['keys'] as string[]).slice(0, maxReportedFields).map((key) => ({
            field: formatFieldPath([...path, key]),
            message: 'there is no such field',
          }))
        : [{ field: formatFieldPath(path), message: truncate(message ?? 'is not valid', maxFieldLength) }];
    });
  const errors = reported.slice(0, maxReportedFields);
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return { ...createProblem('invalid_request', detail, errors[0]?.field), errors };
}

/** Formats a path: input, 2, 0 → input[2][0]. */
const formatFieldPath = (path: readonly string[]): string =>
  path.length === 0
    ? 'body'
    : path
        .map((part, index) =>
          /^\d+$/.test(part) ? `[${part}]` : `${index === 0 ? '' : '.'}${truncate(part)}`,
        )
        .join('');

const truncate = (text: string, maxLength = maxNameLength): string =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength).toWellFormed()}…`;
