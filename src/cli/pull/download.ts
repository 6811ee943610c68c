import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandError, exitCodes } from '../command-error.ts';

export interface Download {
  readonly bytes: number;
  /** Of the content, in hexadecimal. */
  readonly sha256: string;
}

export interface DownloadOptions {
  /** Most bytes to accept. */
  readonly maxBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Called with the bytes so far and their number, null where the server does not give it. */
  readonly onProgress: (bytes: number, total: number | null) => void;
}

/** Downloads a file. @throws CommandError for a status but 200, and beyond the limit, as soon as that is known */
export async function download(url: URL, path: string, options: DownloadOptions): Promise<Download> {
  const { maxBytes, onProgress } = options;
  const response = await request(url, options.headers);
  const tooLarge = (bytes: string): CommandError =>
    new CommandError(
      `${show(url)}: has ${bytes} bytes; the limit is ${maxBytes} (--max-bytes, UNROLL_MAX_MODEL_BYTES)`,
    );
  const length = response.headers.get('content-length');
  // of a compressed reply it is another number
  const total = length === null || response.headers.has('content-encoding') ? null : Number(length);
  if (total !== null && total > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(String(total));
  }
  if (!response.body) throw new CommandError(`${show(url)}: the reply is empty`);
  const hash = createHash('sha256');
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) return done(tooLarge(`more than ${maxBytes}`));
      hash.update(chunk);
      onProgress(bytes, total);
      done(null, chunk);
    },
  });
  try {
    await pipeline(response.body, count, createWriteStream(path, { flags: 'wx', flush: true }));
  } catch (error) {
    if (error instanceof CommandError || 'syscall' in (error as Error)) throw error;
    throw new CommandError(`${show(url)}: the connection broke after ${bytes} bytes: ${reasonOf(error)}`, 1, {
      cause: error,
    });
  }
  if (total !== null && bytes !== total)
    throw new CommandError(`${show(url)}: has ${total} bytes, of which ${bytes} arrived`);
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads a small JSON reply. @throws CommandError */
export async function fetchJson(url: URL, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const response = await request(url, headers);
  try {
    return await response.json();
  } catch (error) {
    throw new CommandError(`${show(url)}: the reply is not JSON: ${reasonOf(error)}`, 1, { cause: error });
  }
}

async function request(url: URL, headers: Readonly<Record<string, string>>): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch (error) {
    throw new CommandError(`${show(url)}: cannot be reached (${reasonOf(error)})`, exitCodes.unreachable, {
      cause: error,
    });
  }
  if (response.ok) return response;
  await response.body?.cancel();
  throw new CommandError(`${show(url)}: the server replied with status ${response.status}`);
}

/** An address without its secrets: presigned URLs have theirs in the query. */
export const show = (url: URL): string => `${url.origin}${url.pathname}`;

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { readonly cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? message;
}
