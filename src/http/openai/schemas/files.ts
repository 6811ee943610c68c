import { z } from 'zod';

export const filePurpose = 'fine-tune';

export const fileView = z
  .object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: z.int(),
    filename: z.string(),
    purpose: z.literal(filePurpose),
    status: z.literal('processed'),
  })
  .meta({ id: 'File' });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(10_000).default(20),
  after: z.string().max(100).optional().describe('Id of the last item of the page before'),
});
export const fileQuery = pageQuery.extend({
  purpose: z.string().max(100).optional(),
  order: z.enum(['asc', 'desc']).default('desc').describe('By time of upload'),
});
export const fileParameter = z.object({ file: z.string().min(1).max(100) });
export const fileList = z.object({
  object: z.literal('list'),
  data: z.array(fileView),
  has_more: z.boolean(),
});
export const fileDeleted = z.object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) });
