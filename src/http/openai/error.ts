// OpenAI's form of errors, and the paths that have it.

/** The part of a problem document that is used. */
interface Problem {
  readonly status: number;
  readonly detail: string;
  readonly field?: string;
  readonly code: string;
}

export interface OpenaiError {
  readonly message: string;
  readonly type: string;
  /** The parameter that the error is about. */
  readonly param: string | null;
  readonly code: string;
}

/** Paths of OpenAI's API that have no counterpart, below /v1/, each with what to use instead. */
const missing: Readonly<Record<string, string>> = {
  assistants: 'use POST /v1/completions with a prompt',
  audio: 'there is nothing in its place',
  batches: 'POST /v1/completions takes a list of prompts',
  chat: 'models here are not trained on dialogue: use POST /v1/completions with a prompt',
  conversations: 'use POST /v1/completions with a prompt',
  edits: 'POST /v1/models/{model}/decode gives another text for a text',
  evals: 'training jobs report metrics: GET /v1/fine_tuning/jobs/{job}/checkpoints',
  images: 'there is nothing in its place',
  moderations: 'use POST /v1/models/{model}/classify with a model that classifies',
  realtime: 'use POST /v1/completions with "stream": true',
  responses: 'use POST /v1/completions with a prompt',
  threads: 'use POST /v1/completions with a prompt',
  uploads: 'POST /v1/files takes a whole file',
  vector_stores: 'POST /v1/embeddings gives the vectors',
  videos: 'there is nothing in its place',
};

const served = ['completions', 'embeddings', 'files', 'fine_tuning'];
const names = [...served, ...Object.keys(missing)];

/** The first part of an OpenAI path; null for a path of another protocol. */
function findName(url: string): string | null {
  const name = /^\/v1\/([a-z_]+)(?:[/?]|$)/.exec(url)?.[1];
  return name !== undefined && names.includes(name) ? name : null;
}

/** Whether errors of this URL have OpenAI's form. */
export const isOpenaiUrl = (url: string): boolean => findName(url) !== null;

/** Says what replaces a route of OpenAI's that is not here; null where the URL is none. */
export function findReplacement(url: string): string | null {
  const name = findName(url);
  return name === null ? null : (missing[name] ?? null);
}

/**
 * The status that makes OpenAI's clients do what is right: they repeat a 409, and know only 400 for a request that cannot be
 * served as it is.
 */
export const toOpenaiStatus = (status: number): number => (status === 409 || status === 422 ? 400 : status);

export const toOpenaiError = ({ status, code, detail, field }: Problem): OpenaiError => ({
  message: detail,
  type: findType(status),
  param: field ?? null,
  code,
});

function findType(status: number): string {
  if (status >= 500) return 'server_error';
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  return status === 429 ? 'rate_limit_error' : 'invalid_request_error';
}
