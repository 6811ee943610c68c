import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { UnrollError } from '../../errors.ts';
import type { DataFile } from '../../training/run/run-messages.ts';
import { callerOf } from '../plugins/authenticate.ts';
import type { Route } from '../route.ts';
import { problems } from '../v1/schemas/reply.ts';
import { datasetList, datasetParameter, datasetQuery, datasetView } from './schema.ts';
import { datasetTooLarge } from '../../jobs/datasets.ts';
import { datasetTypes, detectFormat, malformedForm, readFormFile } from './form-file.ts';
import { viewDataset } from './view.ts';

const tags = ['training'];
const datasetPath = '/v1/datasets';

export const datasetRoutes: Route = (
  scope,
  { training: { datasets, maxDatasetBytes, requireAvailable } },
) => {
  scope.post(
    datasetPath,
    {
      config: { access: 'train' },
      bodyLimit: maxDatasetBytes,
      // before the upload is read
      onRequest: requireAvailable,
      schema: {
        operationId: 'createDataset',
        tags,
        summary:
          'Uploads training data: JSON lines, a JSON array, CSV or plain text, as the body or as a multipart file',
        consumes: [
          'application/jsonl',
          'application/json',
          'text/csv',
          'text/tab-separated-values',
          'text/plain',
          'multipart/form-data',
        ],
        querystring: datasetQuery,
        response: { 200: datasetView, ...problems },
      },
    },
    async (request) => {
      const { name, task = null } = request.query;
      const { stream, format, fileName } = await openUpload(request, maxDatasetBytes);
      const about = { name: name ?? fileName, format, task };
      return viewDataset(await datasets.add(stream, about, callerOf(request)));
    },
  );
  scope.get(
    datasetPath,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listDatasets',
        tags,
        summary: 'Lists datasets, newest first',
        response: { 200: datasetList, ...problems },
      },
    },
    async (request) => ({
      object: 'list' as const,
      data: (await datasets.list(callerOf(request))).map(viewDataset),
    }),
  );
  scope.get(
    `${datasetPath}/:dataset`,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'showDataset',
        tags,
        summary: 'Shows a dataset',
        params: datasetParameter,
        response: { 200: datasetView, ...problems },
      },
    },
    async (request) => viewDataset(await datasets.get(request.params.dataset, callerOf(request))),
  );
  scope.delete(
    `${datasetPath}/:dataset`,
    {
      config: { access: 'train' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'deleteDataset',
        tags,
        summary: 'Deletes a dataset that no unfinished job uses',
        params: datasetParameter,
        response: { 200: datasetView, ...problems },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const dataset = await datasets.get(request.params.dataset, caller);
      await datasets.remove(dataset.id, caller);
      return viewDataset(dataset);
    },
  );
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
  // one byte more than the limit, which is checked where the bytes are counted
  const limits = { fileSize: maxBytes + 1, files: 1 };
  const files = request.files({ limits });
  const { value: part } = await files.next().catch((error: unknown) => {
    throw malformedForm(request, error);
  });
  if (!part)
    throw new UnrollError('invalid_request', 'file: missing in the multipart body', { field: 'file' });
  // a second file is refused while the first is read
  const stream = readFormFile(part.file, () => files.next());
  const fileName = part.filename.slice(0, 200);
  return { stream, format: detectFormat(part.mimetype, part.filename), fileName };
}
