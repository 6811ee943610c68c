import { parseWithoutNulls } from '../../body/drop-nulls.ts';
import { parseJson } from '../../body/parse-json.ts';
import { toRequestError } from '../request-error.ts';
import { taskInput } from '../schemas/task-input.ts';
import { stepsBody, type StepsBody } from '../sessions/steps-body.ts';
import type { StreamQuery } from './query.ts';

/** What is asked of an input. */
export type Step = Omit<StepsBody, 'stream'>;

const stepBody = stepsBody.omit({ stream: true });

/** What the query asks of frames and of inputs that are sent alone. */
export const toDefaults = ({ embed = false, return: which, top_k, timeout_ms }: StreamQuery): Step => ({
  embed,
  return: which,
  top_k,
  timeout_ms,
  // a stream goes on from a state, and its first text is short
  reuse_prefix: false,
});

/**
 * Reads a line: a body as of steps, or its input alone.
 * @throws UnrollError malformed_json, body_too_complex, invalid_request
 */
export async function readStep(bytes: Buffer, defaults: Step): Promise<Step> {
  const value = await parseJson(bytes);
  if (typeof value === 'string' || Array.isArray(value)) {
    const { data, error } = taskInput.safeParse(value);
    if (error) throw toRequestError(error.issues, 'input');
    return { ...defaults, input: data };
  }
  const { data, error } = parseWithoutNulls(stepBody, value);
  if (error) throw toRequestError(error.issues, '');
  return { ...data, timeout_ms: data.timeout_ms ?? defaults.timeout_ms };
}
