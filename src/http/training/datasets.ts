import type { FastifyRequest } from 'fastify';
import { PassThrough, type Readable } from 'node:stream';
import { UnrollError } from '../../errors.ts';
import type { DataFile } from '../../training/run/run-messages.ts';
import type { Route } from '../route.ts';
import { problems } from '../v1/schemas/reply.ts';
import { datasetList, datasetParameter, datasetQuery, datasetView } from './schema.ts';
import { datasetTooLarge } from '../../jobs/datasets.ts';
import { viewDataset } from './view.ts';

const tags = ['training'];
export const datasetPath = '/v1/datasets';

export const datasetRoutes: Route = (
  scope,
  { training: { datasets, maxDatasetBytes, requireAvailable } },
) => {
  scope.post(
    datasetPath,
    {
      bodyLimit: maxDatasetBytes,
      // before the upload is read
      onRequest: requireAvailable,
      schema: {
        operationId: 'createDataset',
        tags,
        summary: 'Uploads training data: JSONL, CSV or plain text, as the body or as a multipart file',
        consumes: ['application/jsonl', 'text/csv', 'text/plain', 'multipart/form-data'],
        querystring: datasetQuery,
        response: { 200: datasetView, ...problems },
      },
    },
    async (request) => {
      const { name, task = null } = request.query;
      const { stream, format, fileName } = await openUpload(request, maxDatasetBytes);
      return viewDataset(await datasets.add(stream, { name: name ?? fileName, format, task }));
    },
  );
  scope.get(
    datasetPath,
    {
      schema: {
        operationId: 'listDatasets',
        tags,
        summary: 'Lists datasets, newest first',
        response: { 200: datasetList, ...problems },
      },
    },
    async () => ({ object: 'list' as const, data: (await datasets.list()).map(viewDataset) }),
  );
  scope.get(
    `${datasetPath}/:dataset`,
    {
      schema: {
        operationId: 'showDataset',
        tags,
        summary: 'Shows a dataset',
        params: datasetParameter,
        response: { 200: datasetView, ...problems },
      },
    },
    async ({ params }) => viewDataset(await datasets.get(params.dataset)),
  );
  scope.delete(
    `${datasetPath}/:dataset`,
    {
      onRequest: requireAvailable,
      schema: {
        operationId: 'deleteDataset',
        tags,
        summary: 'Deletes a dataset that no unfinished job uses',
        params: datasetParameter,
        response: { 200: datasetView, ...problems },
      },
    },
    async ({ params }) => {
      const dataset = await datasets.get(params.dataset);
      await datasets.remove(dataset.id);
      return viewDataset(dataset);
    },
  );
};

/** The data format of each content type. */
export const datasetTypes: Readonly<Record<string, DataFile['format']>> = {
  'application/jsonl': 'jsonl',
  'application/x-ndjson': 'jsonl',
  'application/x-jsonlines': 'jsonl',
  'text/csv': 'csv',
  'text/plain': 'text',
};

interface Upload {
  readonly stream: Readable;
  readonly format: DataFile['format'];
  readonly fileName: string;
}

/**
 * Opens the file of a multipart body, or the body itself.
 * @throws UnrollError malformed_multipart, unsupported_media_type
 */
async function openUpload(request: FastifyRequest, maxBytes: number): Promise<Upload> {
  if (request.isMultipart()) return openMultipartFile(request, maxBytes);
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const format = datasetTypes[type];
  if (!format)
    throw new UnrollError(
      'unsupported_media_type',
      `content-type: must be ${Object.keys(datasetTypes).join(', ')} or multipart/form-data, was ${type || 'missing'}`,
    );
  // before it is received, if the client sent its length
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw datasetTooLarge(maxBytes);
  return { stream: request.body as Readable, format, fileName: '' };
}

async function openMultipartFile(request: FastifyRequest, maxBytes: number): Promise<Upload> {
  const malformed = (cause: unknown): UnrollError =>
    new UnrollError(
      'malformed_multipart',
      `body: ${cause instanceof Error ? cause.message : 'not a multipart form'}`,
      { cause },
    );
  // one byte more than the limit, which is checked where the bytes are counted
  const limits = { fileSize: maxBytes + 1, files: 1 };
  const files = request.files({ limits });
  const { value: file } = await files.next().catch((error: unknown) => {
    // the client disconnected
    throw error === request.raw.errored ? error : malformed(error);
  });
  if (!file)
    throw new UnrollError('invalid_request', 'file: missing in the multipart body', { field: 'file' });
  // a form that is malformed after the start of its file, or has another one, fails while the file is read
  const stream = new PassThrough();
  // which may happen before the stream has a reader
  stream.on('error', () => {});
  const fail = (error: unknown): void => void stream.destroy(malformed(error));
  file.file.on('error', fail);
  file.file.on('end', () => void files.next().then(() => stream.end(), fail));
  file.file.pipe(stream, { end: false });
  return {
    stream,
    format: detectFormat(file.mimetype, file.filename),
    fileName: file.filename.slice(0, 200),
  };
}

function detectFormat(type: string, fileName: string): DataFile['format'] {
  if (/\.(jsonl|ndjson)$/i.test(fileName)) return 'jsonl';
  if (/\.csv$/i.test(fileName)) return 'csv';
  return datasetTypes[type] ?? 'text';
}
