import type { FastifyRequest } from 'fastify';
import { callerOf } from '../plugins/authenticate.ts';
import { UnrollError } from '../../errors.ts';
import type { Datasets } from '../../jobs/datasets.ts';
import type { Dataset } from '../../jobs/job.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import { detectFormat, malformedForm, readFormFile } from '../training/form-file.ts';
import { filePurpose } from './schemas/files.ts';

/**
 * Stores the file of a form as a dataset. Its fields may come before and after the file; nothing is stored of a form that is
 * refused.
 * @throws UnrollError malformed_multipart, invalid_request, and those of Datasets.add
 */
export async function receiveFile(
  request: FastifyRequest,
  datasets: Datasets,
  maxBytes: number,
): Promise<Dataset> {
  if (!request.isMultipart())
    throw new UnrollError('unsupported_media_type', 'content-type: must be multipart/form-data');
  // one byte more than the limit, which is checked where the bytes are counted
  const parts = request.parts({ limits: { fileSize: maxBytes + 1, files: 1, fields: 16, fieldSize: 1024 } });
  let dataset: Dataset | null = null;
  let purpose: unknown;
  try {
    for (;;) {
      const { done, value: part } = await parts.next().catch((error: unknown) => {
        throw malformedForm(request, error);
      });
      if (done) break;
      if (part.fieldname !== 'purpose' && part.fieldname !== 'file')
        invalidField(part.fieldname, 'there is no such field');
      if (part.type === 'field') {
        if (part.fieldname === 'file') invalidField('file', 'must be a file, was a text');
        purpose = part.value;
        if (purpose !== filePurpose) invalidField('purpose', `must be ${filePurpose}`);
      } else {
        const name = part.filename.slice(0, 200);
        const format = detectFormat(part.mimetype, name);
        dataset = await datasets.add(
          readFormFile(part.file),
          { name, format, task: null },
          callerOf(request),
        );
      }
    }
    if (purpose === undefined) invalidField('purpose', `missing: must be ${filePurpose}`);
    if (dataset === null) invalidField('file', 'missing in the form');
    return dataset;
  } catch (error) {
    if (dataset) await datasets.remove(dataset.id, callerOf(request));
    throw error;
  }
}
