import { UnrollError } from '../client/error.ts';

/** What a command prints of an error: its message, with the code of what a server refused. */
export const describeError = (error: Error): string =>
  error instanceof UnrollError && error.status !== undefined
    ? `${error.message} (${error.code})`
    : error.message;
