import { z } from 'zod';
import type { ModelSpec } from '../../network/spec.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import { parseWithoutNulls } from '../body/drop-nulls.ts';
import { timeoutMs } from '../v1/schemas/call-fields.ts';
import { decodeBody } from '../v1/schemas/decode.ts';
import { generateBody } from '../v1/schemas/generate.ts';

// The `parameters` of a request for inference: the fields of the model's task that are not tensors, and those
// that Triton has. Parameters for other servers (`content_type` …) are ignored.

/** Triton's: microseconds, 0 for none; and a level, 0 for the default, lower ones first. */
const common = {
  timeout: z.int().min(0).optional(),
  priority: z.int().min(0).optional(),
  timeout_ms: timeoutMs,
};
const omitted = {
  stream: true,
  state: true,
  return_state: true,
  reuse_prefix: true,
  include: true,
  include_layers: true,
  include_units: true,
  include_format: true,
} as const;
const settings = {
  generate: z.object({ ...generateBody.omit({ ...omitted, prompt: true }).shape, ...common }),
  decode: z.object({ ...decodeBody.omit({ stream: true, input: true }).shape, ...common }),
} as const;
const otherTasks = z.object(common);

export interface InferenceSettings {
  /** Fields of `generate` or `decode`. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
}

/**
 * Validates the parameters for the model's task.
 * @throws UnrollError invalid_request, naming the parameter
 */
export function parseSettings(
  task: ModelSpec['task'] | null,
  given: Readonly<Record<string, unknown>>,
): InferenceSettings {
  const schema = task === 'generate' || task === 'decode' ? settings[task] : otherTasks;
  const { success, data, error } = parseWithoutNulls(schema, given);
  if (!success) {
    const { path, message } = error.issues[0]!;
    return invalidField(['parameters', ...path].join('.'), message);
  }
  const { timeout = 0, priority, timeout_ms, ...own } = data;
  return { settings: own, timeoutMs: timeout_ms ?? (timeout > 0 ? timeout / 1000 : undefined), priority };
}
