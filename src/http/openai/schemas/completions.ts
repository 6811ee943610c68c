import { z } from 'zod';
import { generateBody } from '../../v1/schemas/generate.ts';
import { ignoredFields, modelField } from './common-fields.ts';

/** One or several texts, or one or several lists of ids. */
export type PromptField = string | readonly string[] | readonly number[] | readonly (readonly number[])[];

/** Finds what is wrong with a prompt; null where it is one. Stops at the first. */
function findMismatch(value: unknown): { path: number[]; message: string } | null {
  if (typeof value === 'string') return null;
  if (!Array.isArray(value)) return { path: [], message: 'must be a text, a list of texts, or ids' };
  const list = value as readonly unknown[];
  const expected = Array.isArray(list[0])
    ? 'a list of ids'
    : typeof list[0] === 'number'
      ? 'an id'
      : 'a text';
  const isExpected = (item: unknown): boolean => {
    if (expected === 'a list of ids')
      return Array.isArray(item) && item.every((id) => typeof id === 'number');
    return typeof item === (expected === 'an id' ? 'number' : 'string');
  };
  const wrong = list.findIndex((item) => !isExpected(item));
  return wrong < 0 ? null : { path: [wrong], message: `must be ${expected}` };
}

const ids = { type: 'array', items: { type: 'integer' } };
const promptField = z
  .custom<PromptField>()
  .superRefine((value, context) => {
    const found = findMismatch(value);
    if (found) context.addIssue({ code: 'custom', ...found });
  })
  .meta({
    description:
      "A text or a list of texts; or ids of the model's vocabulary, or a list of lists of them. Without it the model starts from its start token",
    anyOf: [
      { type: 'string' },
      { type: 'array', items: { type: 'string' } },
      ids,
      { type: 'array', items: ids },
    ],
  });

/** A parameter that is accepted only with a value that asks for nothing. */
const unsupported = (isNeutral: (value: unknown) => boolean, message: string) =>
  z
    .unknown()
    .refine((value) => value === undefined || isNeutral(value), message)
    .optional()
    .describe(`Not supported: ${message}`);

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const { shape } = generateBody;

export const completionBody = z
  .strictObject({
    model: modelField,
    prompt: promptField.optional(),
    max_tokens: shape.max_tokens.describe('16 by default; at most UNROLL_MAX_TOKENS'),
    temperature: shape.temperature,
    top_p: shape.top_p,
    n: shape.n,
    stream: shape.stream,
    stream_options: z
      .strictObject({
        include_usage: z.boolean().nullish().describe('A last chunk without choices has the usage'),
        include_obfuscation: z.unknown().describe('Accepted, and not used').optional(),
      })
      .optional(),
    logprobs: shape.logprobs,
    echo: z.boolean().default(false).describe('Begin each text with its prompt'),
    stop: shape.stop,
    frequency_penalty: shape.frequency_penalty,
    seed: shape.seed,
    best_of: z.int().min(1).optional().describe('Not supported but as the value of `n`'),
    presence_penalty: unsupported((value) => value === 0, 'must be 0; there is frequency_penalty'),
    logit_bias: unsupported(isEmpty, 'must be empty; tokens have no biases'),
    suffix: unsupported((value) => value === '', 'must be empty; a text is continued at its end only'),
    ...ignoredFields,
    // not OpenAI's
    top_k: shape.top_k,
    min_p: shape.min_p,
    repetition_penalty: shape.repetition_penalty,
    timeout_ms: shape.timeout_ms,
  })
  .superRefine((body, context) => {
    const { best_of: bestOf, n = 1, echo, logprobs, stream, stream_options: streamOptions } = body;
    const refuse = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (bestOf !== undefined && bestOf !== n)
      refuse('best_of', `must be n, which is ${n}, was ${bestOf}; texts are not ranked`);
    if (echo && logprobs !== undefined) refuse('echo', 'must be false with logprobs; prompts have none');
    if (streamOptions && !stream) refuse('stream_options', 'must be left out without "stream": true');
  })
  .meta({ examples: [{ model: 'moby', prompt: 'The ', max_tokens: 20 }] });

export type CompletionBody = z.output<typeof completionBody>;

const usage = z
  .object({
    prompt_tokens: z.int().describe('Start tokens counted; each prompt once'),
    completion_tokens: z.int(),
    total_tokens: z.int(),
  })
  .meta({ id: 'CompletionUsage' });

export const completionReply = z
  .object({
    id: z.string(),
    object: z.literal('text_completion'),
    created: z.int(),
    model: z.string().describe('`name@version`'),
    choices: z
      .array(
        z.object({
          text: z.string(),
          index: z.int(),
          finish_reason: z.enum(['stop', 'length']).nullable(),
          logprobs: z
            .object({
              tokens: z.array(z.string()),
              token_logprobs: z.array(z.number()),
              top_logprobs: z.array(z.record(z.string(), z.number())),
              text_offset: z.array(z.int()).describe('Code points of the text before each token'),
            })
            .nullable(),
        }),
      )
      .describe('n for each prompt, in order'),
    usage: usage.nullish(),
  })
  .meta({ id: 'Completion' });
