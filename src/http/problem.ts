import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { statusOf, titleOf, UnrollError, type ErrorCode } from '../errors.ts';

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

/** Codes that fastify and its plugins give to what goes wrong before a handler runs. */
const fastifyCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_json',
  FST_ERR_BAD_URL: 'not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'path_too_long',
};

/** Characters of a model's name and version in a path; longer ones are not looked at. */
export const maxPathPart = 256;

/** @param bodyLimit bytes that the route takes, where there is one */
export function problemOf(error: unknown, bodyLimit?: number): Problem {
  if (error instanceof UnrollError) {
    const problem = build(error.code, error.message, error.field);
    if (!error.lines) return problem;
    const errors = error.lines.map(({ line, message }) => ({ field: `line ${line}`, message }));
    return { ...problem, errors };
  }
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error.validation);
  if (error instanceof SyntaxError) return build('malformed_json', error.message);
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  const known = code === undefined ? undefined : fastifyCodes[code];
  if (known === 'unsupported_media_type') return build(known, 'the body must be application/json');
  if (known === 'body_too_large' && bodyLimit !== undefined)
    return build(known, `the body: at most ${bodyLimit} bytes`);
  if (known === 'path_too_long')
    return build(known, `each part of the path: at most ${maxPathPart} characters`);
  if (known) return build(known, message ?? titleOf(known));
  return build('internal', 'the server failed; its log has the reason under this request id');
}

/** Characters of a detail and of a field's name: what was sent may be megabytes long, and may stand in either. */
const maxDetail = 2000;
const maxField = 200;

function build(code: ErrorCode, detail: string, field?: string): Problem {
  const shown = shortened(detail, maxDetail);
  const head = { type: 'about:blank', title: titleOf(code), status: statusOf(code), code, detail: shown };
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
