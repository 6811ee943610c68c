/** A server's refusal, with the fields of its problem document (RFC 9457). */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  /** Stable name of the error; empty where the reply is no problem document. */
  readonly code: string;
  readonly status: number;

  constructor(status: number, { detail, title, code }: Problem) {
    const message = detail ?? title ?? `the server replied with status ${status}`;
    super(code === undefined ? message : `${message} (${code})`);
    this.code = code ?? '';
    this.status = status;
  }
}

export interface Problem {
  readonly detail?: string;
  readonly title?: string;
  readonly code?: string;
}

/** No server answers at a URL. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}
