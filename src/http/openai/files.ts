import { createReadStream } from 'node:fs';
import { callerOf } from '../plugins/authenticate.ts';
import { z } from 'zod';
import type { Dataset } from '../../jobs/job.ts';
import type { Route } from '../route.ts';
import { toPage } from './page.ts';
import { receiveFile } from './receive-file.ts';
import { errors } from './schemas/common-fields.ts';
import { fileDeleted, fileList, fileParameter, filePurpose, fileQuery, fileView } from './schemas/files.ts';

const tags = ['openai'];
const filesPath = '/v1/files';

/** Datasets as files. */
export const fileRoutes: Route = (scope, { training: { datasets, maxDatasetBytes, requireAvailable } }) => {
  scope.post(
    filesPath,
    {
      config: { access: 'train' },
      bodyLimit: maxDatasetBytes,
      // before the upload is read
      onRequest: requireAvailable,
      schema: {
        operationId: 'createFile',
        tags,
        summary: 'Uploads a dataset: a form with `file` (JSONL, CSV or plain text) and `purpose`, fine-tune',
        consumes: ['multipart/form-data'],
        response: { 200: fileView, ...errors },
      },
    },
    async (request) => viewFile(await receiveFile(request, datasets, maxDatasetBytes)),
  );
  scope.get(
    filesPath,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'listFiles',
        tags,
        summary: 'Lists datasets',
        querystring: fileQuery,
        response: { 200: fileList, ...errors },
      },
    },
    async (request) => {
      const { purpose = filePurpose, order, ...page } = request.query;
      const files = purpose === filePurpose ? (await datasets.list(callerOf(request))).map(viewFile) : [];
      return toPage(order === 'desc' ? files : files.toReversed(), page);
    },
  );
  scope.get(
    `${filesPath}/:file`,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'showFile',
        tags,
        summary: 'Shows a dataset',
        params: fileParameter,
        response: { 200: fileView, ...errors },
      },
    },
    async (request) => viewFile(await datasets.get(request.params.file, callerOf(request))),
  );
  scope.get(
    `${filesPath}/:file/content`,
    {
      config: { access: 'train' },
      schema: {
        operationId: 'readFile',
        tags,
        summary: 'The bytes of a dataset, as uploaded',
        params: fileParameter,
        response: {
          200: {
            description: 'The file',
            content: { 'application/octet-stream': { schema: z.any() } },
          },
          ...errors,
        },
      },
    },
    async (request, reply) => {
      const { path } = await datasets.file(request.params.file, callerOf(request));
      return reply.type('application/octet-stream').send(createReadStream(path));
    },
  );
  scope.delete(
    `${filesPath}/:file`,
    {
      config: { access: 'train' },
      onRequest: requireAvailable,
      schema: {
        operationId: 'deleteFile',
        tags,
        summary: 'Deletes a dataset that no unfinished job uses',
        params: fileParameter,
        response: { 200: fileDeleted, ...errors },
      },
    },
    async (request) => {
      const { file } = request.params;
      await datasets.remove(file, callerOf(request));
      return { id: file, object: 'file' as const, deleted: true as const };
    },
  );
};

const viewFile = ({ id, bytes, createdAt, name }: Dataset): z.output<typeof fileView> => ({
  id,
  object: 'file',
  bytes,
  created_at: Math.floor(createdAt),
  filename: name,
  purpose: filePurpose,
  status: 'processed',
});
