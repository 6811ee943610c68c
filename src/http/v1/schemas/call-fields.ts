import { z } from 'zod';

/** Fields that every task has. */
export const timeoutMs = z
  .int()
  .min(1)
  .optional()
  .describe(
    'Milliseconds after which the request fails with 504; UNROLL_TIMEOUT_MS by default, at most UNROLL_MAX_TIMEOUT_MS',
  );
const stream = z
  .boolean()
  .default(false)
  .describe('Send server-sent events while the sequence is read; takes a single input');

export const callFields = { stream, timeout_ms: timeoutMs };
