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
      // before anything of the upload is read
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
      const { stream, format, fileName } = await uploadOf(request, maxDatasetBytes);
      return viewDataset(await datasets.add(stream, { name: name ?? fileName, format, task }));
    },
  );
  scope.get(
    datasetPath,
    {
      schema: {
        operationId: 'listDatasets',
        tags,
        summary: 'Every dataset, newest first',
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
        summary: 'One dataset',
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
        summary: 'Removes a dataset that no unfinished job learns from',
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

/** Content types of a raw body, and of what they hold. */
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

/** The file of a multipart body, or the body itself. @throws UnrollError malformed_multipart, unsupported_media_type … */
async function uploadOf(request: FastifyRequest, most: number): Promise<Upload> {
  if (request.isMultipart()) return multipartFile(request, most);
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const format = datasetTypes[type];
  if (!format)
    throw new UnrollError(
      'unsupported_media_type',
      `content-type: must be ${Object.keys(datasetTypes).join(', ')} or multipart/form-data, was ${type || 'missing'}`,
    );
  // told before it is sent, where the caller says how long it is
  if (Number(request.headers['content-length'] ?? 0) > most) throw datasetTooLarge(most);
  return { stream: request.body as Readable, format, fileName: '' };
}

async function multipartFile(request: FastifyRequest, most: number): Promise<Upload> {
  const malformed = (cause: unknown): UnrollError =>
    new UnrollError(
      'malformed_multipart',
      `body: ${cause instanceof Error ? cause.message : 'not a multipart form'}`,
      { cause },
    );
  // one byte more than is allowed: the limit is checked where bytes are counted
  const limits = { fileSize: most + 1, files: 1 };
  const file = await request.file({ limits }).catch((error: unknown) => {
    // the caller went away
    throw error === request.raw.errored ? error : malformed(error);
  });
  if (!file)
    throw new UnrollError('invalid_request', 'file: the multipart body holds no file', { field: 'file' });
  // a form that is malformed further on fails while its file is read
  const stream = new PassThrough();
  // which may happen before anybody reads it
  stream.on('error', () => {});
  file.file.on('error', (error) => stream.destroy(malformed(error)));
  file.file.pipe(stream);
  return {
    stream,
    format: formatOf(file.mimetype, file.filename),
    fileName: file.filename.slice(0, 200),
  };
}

function formatOf(type: string, fileName: string): DataFile['format'] {
  if (/\.(jsonl|ndjson)$/i.test(fileName)) return 'jsonl';
  if (/\.csv$/i.test(fileName)) return 'csv';
  return datasetTypes[type] ?? 'text';
}
