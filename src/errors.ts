// The errors that a caller can see: code → HTTP status and title. Only http/ reads the status.

const table = {
  malformed_http: [400, 'The request is not valid HTTP'],
  malformed_json: [400, 'The body is not valid JSON'],
  malformed_encoding: [400, 'The body does not match its content encoding'],
  malformed_multipart: [400, 'The body is not a valid multipart form'],
  invalid_request: [400, 'A field has the wrong type or value'],
  invalid_model_name: [400, 'The model name is not valid'],
  unauthorized: [401, 'A valid API key is needed'],
  forbidden: [403, 'This is not allowed'],
  cross_site: [403, 'Pages of other sites may not do this'],
  host_not_served: [403, 'The server does not answer to this host name'],
  not_found: [404, 'No such route'],
  model_not_found: [404, 'No such model'],
  alias_not_found: [404, 'The model has no such alias'],
  method_not_allowed: [405, 'This route does not support that method'],
  model_not_ready: [503, 'The model is not ready'],
  models_read_only: [409, 'The models folder cannot be changed'],
  wrong_task: [409, 'The model does not support this task'],
  no_sequence_view: [409, 'The model is served as tensors only'],
  request_timeout: [408, 'The request did not arrive in time'],
  reader_stalled: [408, 'The client did not read the answers in time'],
  body_too_large: [413, 'The body is larger than the limit'],
  path_too_long: [414, 'The path is longer than the limit'],
  unsupported_media_type: [415, 'The content type is not supported'],
  empty_input: [422, 'The input has no steps'],
  input_mismatch: [422, 'The input does not match the model'],
  include_mismatch: [422, 'The model does not have what is to be included'],
  not_finite: [422, 'A number is not finite'],
  sequence_too_long: [422, 'The sequence has more steps than the limit'],
  too_many_inputs: [422, 'The request has more inputs than the limit'],
  body_too_complex: [422, 'The body has more values than the limit'],
  work_too_large: [422, 'The request needs more work than the limit'],
  reply_too_large: [422, 'The reply would be larger than the limit'],
  upgrade_required: [426, 'This route is a WebSocket'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'The headers are larger than the limit'],
  internal: [500, 'Internal server error'],
  overloaded: [503, 'The server is overloaded'],
  too_many_open_files: [503, 'The server has too many files and connections open'],
  shutting_down: [503, 'The server is shutting down'],
  deadline_exceeded: [504, 'The request took longer than its deadline'],
  cancelled: [499, 'The client disconnected'],
  // sessions
  session_not_found: [404, 'No such session'],
  mark_not_found: [404, 'The session has no such mark'],
  session_exists: [409, 'There is a session with that id'],
  session_unsupported: [409, 'The model has no state between steps'],
  session_conflict: [409, 'The state does not belong to this model'],
  session_lost: [409, 'Another server has taken the session over'],
  session_streaming: [409, 'A stream has the session'],
  session_expired: [410, 'The session has expired'],
  session_ending: [412, 'The session is being deleted'],
  invalid_state: [422, 'The state cannot be used'],
  too_many_sessions: [422, 'The request makes more sessions than the limit'],
  session_busy: [429, 'The session has too many calls that wait'],
  sessions_full: [503, 'The server has no room for more sessions'],
  sessions_unavailable: [503, 'Sessions are not available'],
  // training and its data
  dataset_not_found: [404, 'No such dataset'],
  job_not_found: [404, 'No such training job'],
  comparison_not_found: [404, 'No such comparison'],
  checkpoint_not_found: [404, 'No such checkpoint'],
  job_state_conflict: [409, 'The job is in another state'],
  publish_refused: [409, 'The model would not be called as before'],
  name_taken: [409, 'Another job trains a model of that name'],
  in_use: [409, 'The resource is in use'],
  invalid_dataset: [422, 'The data cannot be used for training'],
  diverged: [422, 'The training diverged'],
  training_too_large: [422, 'The training needs more memory than its limit'],
  training_disabled: [403, 'Training is disabled on this server'],
  training_unavailable: [503, 'Training is not available'],
  too_many_jobs: [429, 'Too many unfinished jobs'],
  quota_exceeded: [507, 'The quota is used up'],
  disk_full: [507, 'The disk is full'],
  // thrown while a model folder is read; shown in the list of models
  invalid_model: [422, 'The model folder cannot be served'],
  invalid_weights: [422, 'The weights file cannot be read'],
  out_of_memory: [507, 'The kernel memory is full'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof table;

/** An error that a caller can see. `detail` names the field, what was expected and what was given. */
export class UnrollError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Errors in single lines of an upload. */
  readonly lines: readonly { readonly line: number; readonly message: string }[] | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      field?: string;
      retryAfterSeconds?: number;
      lines?: readonly { readonly line: number; readonly message: string }[];
      cause?: unknown;
    } = {},
  ) {
    // under overload most requests are refused, and a stack is a tenth of the cost
    const { stackTraceLimit } = Error;
    if (code === 'overloaded') Error.stackTraceLimit = 0;
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'UnrollError';
    this.code = code;
    this.field = options.field;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.lines = options.lines;
  }
}

/** The HTTP status of a code. */
export const getStatus = (code: ErrorCode): number => table[code][0];
/** The title of a code. */
export const getTitle = (code: ErrorCode): string => table[code][1];
export const errorCodes = Object.keys(table) as ErrorCode[];

/**
 * Whether the process or the system has no file descriptor left: the operation may succeed when it is
 * repeated.
 */
export const isOutOfDescriptors = (error: unknown): boolean =>
  ['EMFILE', 'ENFILE', 'too_many_open_files'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');
