import { z } from 'zod';
import type { ModelSpec } from '../../network/spec.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import { timeoutMs } from '../v1/schemas/call-fields.ts';
import { decodeBody } from '../v1/schemas/decode.ts';
import { generateBody } from '../v1/schemas/generate.ts';

// The `parameters` of a request for inference: the fields of the model's task that are not tensors.

const omitted = { stream: true } as const;
const settings = {
  generate: generateBody.omit({ ...omitted, prompt: true }),
  decode: decodeBody.omit({ ...omitted, input: true }),
} as const;
/** Other tasks have no settings; parameters for other servers are ignored. */
const otherTasks = z.looseObject({ timeout_ms: timeoutMs });

/**
 * Validates the parameters for the model's task.
 * @throws UnrollError invalid_request, naming the parameter
 */
export function parseSettings(
  task: ModelSpec['task'] | null,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> & { readonly timeout_ms?: number | undefined } {
  const parameters = Object.fromEntries(
    Object.entries(given).filter(([name]) => name !== 'binary_data_output'),
  );
  const sequence = Object.keys(parameters).find((name) => name.startsWith('sequence_'));
  // ignoring it would silently lose the state
  if (sequence) invalidField(`parameters.${sequence}`, 'sequences do not keep state between requests');
  const schema = task === 'generate' || task === 'decode' ? settings[task] : otherTasks;
  const { success, data, error } = schema.safeParse(parameters);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  return invalidField(['parameters', ...path].join('.'), message);
}
