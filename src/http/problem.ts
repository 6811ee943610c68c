import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { getStatus, getTitle, UnrollError, type ErrorCode } from '../errors.ts';
import { readLibraryError } from './library-errors.ts';

// RFC 9457 problem documents. Every error leaves in this shape, with a stable `code`.

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly field?: string;
  /** Every wrong field, where a body has several. */
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** Characters of a model's name and version in a path; longer ones are not looked at. */
export const maxPathSegmentLength = 256;

/** @param bodyLimit bytes that the route takes, where there is one */
export function toProblem(error: unknown, bodyLimit?: number): Problem {
  if (error instanceof UnrollError) {
    const problem = build(error.code, error.message, error.field);
    if (!error.lines) return problem;
    const errors = error.lines.map(({ line, message }) => ({ field: `line ${line}`, message }));
    return { ...problem, errors };
  }
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error.validation);
  if (error instanceof SyntaxError) return build('malformed_json', error.message);
  const known = readLibraryError(error ?? {});
  if (known === null)
    return build('internal', 'the server failed; its log has the reason under this request id');
  const { code, detail } = known;
  if (code === 'body_too_large' && bodyLimit !== undefined)
    return build(code, `the body: at most ${bodyLimit} bytes`);
  if (code === 'path_too_long')
    return build(code, `each part of the path: at most ${maxPathSegmentLength} characters`);
  return build(code, detail ?? getTitle(code));
}

/** What is sent for an error: a problem document, or the inference protocol's own shape. @param url of the request */
export function toErrorResponse(
  error: unknown,
  url: string,
  bodyLimit?: number,
): { status: number; type: string; code: ErrorCode; body: object } {
  const problem = toProblem(error, bodyLimit);
  const { status, code, detail } = problem;
  return /^\/v2(\/|$|\?)/.test(url)
    ? { status, code, type: 'application/json', body: { error: detail } }
    : { status, code, type: 'application/problem+json', body: problem };
}

/** Characters of a detail and of a field's name: what was sent may be megabytes long, and may stand in either. */
const maxDetail = 2000;
const maxField = 200;

function build(code: ErrorCode, detail: string, field?: string): Problem {
  const shown = shortened(detail, maxDetail);
  const head = { type: 'about:blank', title: getTitle(code), status: getStatus(code), code, detail: shown };
  return field === undefined ? head : { ...head, field: shortened(field, maxField) };
}

/** A wrong field as the validator reports it. */
interface Wrong {
  /** `/input/2/0` */
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

// An answer stays small, whatever was sent: it names so many fields, and so much of a field's name.
const reported = 10;
const nameLength = 64;

function invalid(wrong: readonly Wrong[]): Problem {
  const found = wrong.slice(0, reported).flatMap(({ instancePath, message, keyword, params }) => {
    const path = instancePath.split('/').filter((part) => part !== '');
    return keyword === 'unrecognized_keys'
      ? (params['keys'] as string[]).slice(0, reported).map((key) => ({
          field: fieldOf([...path, key]),
          message: 'there is no such field',
        }))
      : [{ field: fieldOf(path), message: shortened(message ?? 'is not valid', maxField) }];
  });
  const errors = found.slice(0, reported);
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return { ...build('invalid_request', detail, errors[0]?.field), errors };
}

/** input, 2, 0 → input[2][0] */
const fieldOf = (path: readonly string[]): string =>
  path.length === 0
    ? 'body'
    : path
        .map((part, index) =>
          /^\d+$/.test(part) ? `[${part}]` : `${index === 0 ? '' : '.'}${shortened(part)}`,
        )
        .join('');

const shortened = (text: string, most = nameLength): string =>
  text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
