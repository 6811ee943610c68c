import type { ErrorCode } from '../errors.ts';

// Maps errors of fastify, its plugins and Node to the codes of errors.ts.

/** The fields of a library's error that are used. */
export interface LibraryError {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly statusCode?: number | undefined;
}

/** Codes of errors whose status is not specific enough. */
const byCode: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_http',
  FST_ERR_BAD_URL: 'not_found',
  FST_ERR_INVALID_URL: 'not_found',
  FST_ERR_HANDLER_TIMEOUT: 'deadline_exceeded',
  FST_PARTS_LIMIT: 'malformed_multipart',
  FST_FILES_LIMIT: 'malformed_multipart',
  FST_FIELDS_LIMIT: 'malformed_multipart',
  FST_PROTO_VIOLATION: 'malformed_multipart',
  FST_INVALID_JSON_FIELD_ERROR: 'malformed_multipart',
  FST_MP_PREMATURE_CLOSE: 'malformed_multipart',
  EMFILE: 'too_many_open_files',
  ENFILE: 'too_many_open_files',
};

const byStatus: Readonly<Record<number, ErrorCode>> = {
  // @fastify/static: a path outside its folder
  403: 'not_found',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'unsupported_media_type',
  408: 'request_timeout',
  413: 'body_too_large',
  414: 'path_too_long',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  431: 'headers_too_large',
  503: 'overloaded',
};

/** Details that replace the library's message. */
const details: Partial<Record<ErrorCode, string>> = {
  unsupported_media_type: 'the body must be application/json',
  too_many_open_files: 'the server has no file descriptor left (ulimit -n); try again later',
  overloaded: 'the server cannot accept this request now; try again later',
};

/**
 * Finds the code of a library's error.
 * @returns the code and a detail, undefined for the title of the code; null if the error is neither the
 * caller's fault nor a lack of resources: it is a failure of the server
 */
export function readLibraryError(
  error: LibraryError,
): { code: ErrorCode; detail: string | undefined } | null {
  const code = findCode(error);
  if (code === null) return null;
  // messages of other libraries may name files; a forbidden path is reported as not found
  const message =
    error.code?.startsWith('FST_') === true && error.statusCode !== 403 ? error.message : undefined;
  return { code, detail: details[code] ?? message };
}

function findCode({ code = '', statusCode = 500 }: LibraryError): ErrorCode | null {
  if (Object.hasOwn(byCode, code)) return byCode[code]!;
  if (Object.hasOwn(byStatus, statusCode)) return byStatus[statusCode]!;
  return statusCode >= 400 && statusCode < 500 ? 'invalid_request' : null;
}
