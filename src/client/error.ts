import type { Problem } from './api.ts';

/**
 * Codes that are not the server's: `connection_failed` where there was no reply, `connection_lost` where a reply was
 * cut, `invalid_reply` where a reply is not what the API gives, `http_502` and the like for an error that has no
 * code, as from a proxy.
 */
export type ClientErrorCode = 'connection_failed' | 'connection_lost' | 'invalid_reply' | `http_${number}`;

export interface UnrollErrorDetails {
  readonly code: Problem['code'] | ClientErrorCode;
  readonly detail: string;
  readonly status?: number | undefined;
  readonly field?: string | undefined;
  readonly retryAfter?: number | undefined;
  readonly errors?: Problem['errors'] | undefined;
  readonly cause?: unknown;
}

/** Every error of a call, but for the reason of an aborted signal, which is thrown as it is. */
export class UnrollError extends Error {
  /** Stable name of the error: one of the server's, or of ClientErrorCode. */
  readonly code: UnrollErrorDetails['code'];
  /** The HTTP status; undefined where there was no reply. */
  readonly status: number | undefined;
  /** The field that is wrong. */
  readonly field: string | undefined;
  /** Seconds after which to try again. */
  readonly retryAfter: number | undefined;
  /** Every wrong field, or line of an upload. */
  readonly errors: NonNullable<Problem['errors']>;

  constructor({ code, detail, status, field, retryAfter, errors = [], cause }: UnrollErrorDetails) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = 'UnrollError';
    this.code = code;
    this.status = status;
    this.field = field;
    this.retryAfter = retryAfter;
    this.errors = errors;
  }
}

/** An error that the server reports: RFC 9457, or the form of OpenAI's API or of the inference protocol. */
export function toUnrollError(body: unknown, status?: number, retryAfter?: number): UnrollError {
  const problem = (body ?? {}) as Partial<Problem> & { readonly error?: unknown };
  const { error } = problem;
  const other = (typeof error === 'string' ? { message: error } : (error ?? {})) as Record<string, unknown>;
  const known = problem.status ?? status;
  const detail = problem.detail ?? other['message'];
  const code = problem.code ?? other['code'];
  return new UnrollError({
    code: typeof code === 'string' ? (code as Problem['code']) : `http_${known ?? 0}`,
    detail: typeof detail === 'string' ? detail : `the server answered ${known ?? 'with an error'}`,
    status: known,
    field: problem.field ?? (typeof other['param'] === 'string' ? other['param'] : undefined),
    retryAfter,
    errors: problem.errors,
  });
}

const maxShownLength = 200;

/** The error of a response that is none of 2xx. */
export async function readError(response: Response): Promise<UnrollError> {
  const text = await response.text().catch(() => '');
  const retryAfter = readRetryAfter(response.headers.get('retry-after'));
  try {
    return toUnrollError(JSON.parse(text), response.status, retryAfter);
  } catch {
    const detail = `${response.status} ${response.statusText}: ${text.slice(0, maxShownLength)}`;
    return new UnrollError({ code: `http_${response.status}`, detail, status: response.status, retryAfter });
  }
}

/** @returns seconds from a number of them, or from a date */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
