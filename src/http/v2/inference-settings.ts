import { z } from 'zod';
import type { ModelSpec } from '../../network/spec.ts';
import { invalidField } from '../../open-inference/tensor.ts';
import { timeoutMs } from '../v1/schemas/call-fields.ts';
import { decodeBody } from '../v1/schemas/decode.ts';
import { generateBody } from '../v1/schemas/generate.ts';

// What a request's `parameters` may say to a model: the fields of its task that are no tensors.

const own = { stream: true } as const;
const settings = {
  generate: generateBody.omit({ ...own, prompt: true }),
  decode: decodeBody.omit({ ...own, input: true }),
} as const;
/** Other tasks take no settings; what other servers' clients send along is passed over. */
const others = z.looseObject({ timeout_ms: timeoutMs });

/** @throws UnrollError invalid_request, naming the parameter */
export function parseSettings(
  task: ModelSpec['task'] | null,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> & { readonly timeout_ms?: number | undefined } {
  const parameters = Object.fromEntries(
    Object.entries(given).filter(([name]) => name !== 'binary_data_output'),
  );
  const sequence = Object.keys(parameters).find((name) => name.startsWith('sequence_'));
  // it would lose the state without a word
  if (sequence) invalidField(`parameters.${sequence}`, 'a state is not kept from one request to the next');
  const schema = task === 'generate' || task === 'decode' ? settings[task] : others;
  const { success, data, error } = schema.safeParse(parameters);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  return invalidField(['parameters', ...path].join('.'), message);
}
