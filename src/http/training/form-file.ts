import type { FastifyRequest } from 'fastify';
import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { UnrollError } from '../../errors.ts';
import type { DataFile } from '../../training/run/run-messages.ts';

// Files in multipart forms.

/** The data format of each content type. */
export const datasetTypes: Readonly<Record<string, DataFile['format']>> = {
  'application/jsonl': 'jsonl',
  'application/x-ndjson': 'jsonl',
  'application/x-jsonlines': 'jsonl',
  'application/json': 'json',
  'text/csv': 'csv',
  'text/tab-separated-values': 'csv',
  'text/plain': 'text',
};

/** The format of a file by its name, else by its type. */
export function detectFormat(type: string, fileName: string): DataFile['format'] {
  if (/\.(jsonl|ndjson)$/i.test(fileName)) return 'jsonl';
  if (/\.json$/i.test(fileName)) return 'json';
  if (/\.(csv|tsv)$/i.test(fileName)) return 'csv';
  return datasetTypes[type] ?? 'text';
}

/** The error of a form that cannot be parsed, or of a client that disconnected. */
export const malformedForm = ({ raw }: Pick<FastifyRequest, 'raw'>, cause: unknown): unknown =>
  cause === raw.errored ? cause : toMalformed(cause);

const toMalformed = (cause: unknown): UnrollError =>
  new UnrollError(
    'malformed_multipart',
    `body: ${cause instanceof Error ? cause.message : 'not a multipart form'}`,
    { cause },
  );

/**
 * The bytes of a file. A form that is malformed after the start of its file fails while it is read.
 * @param readRest called after its last byte; what it throws fails the file
 */
export function readFormFile(file: Readable, readRest = async (): Promise<unknown> => null): Readable {
  const stream = new PassThrough();
  // which may happen before the stream has a reader
  stream.on('error', () => {});
  const fail = (error: unknown): void => void stream.destroy(toMalformed(error));
  file.pipe(stream, { end: false });
  // which also sees a file that has failed before it is read, behind another field
  finished(file, { writable: false })
    .then(readRest)
    .then(() => stream.end(), fail);
  return stream;
}
