import type { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import type { AnyModel, ServedModel } from '../../repository/repository-interface.ts';
import { encodeTokenRules, resolveDecodeOptions } from '../../tasks/beam-options.ts';
import type { TaskLimits } from '../../tasks/context.ts';
import { readInsideOptions } from '../../tasks/inside-options.ts';
import { readPrompts } from '../../tasks/prompts.ts';
import { readInputs } from '../../tasks/read-input.ts';
import type { TaskInput } from '../../tasks/task-input.ts';
import { classifyBody } from './schemas/classify.ts';
import { decodeBody } from './schemas/decode.ts';
import { generateBody } from './schemas/generate.ts';
import { predictBody } from './schemas/predict.ts';
import { tagBody } from './schemas/tag.ts';

/** Those of a server say nothing about a model. */
const none = Number.MAX_SAFE_INTEGER;
const noLimits: TaskLimits = {
  maxSteps: none,
  maxInputs: none,
  maxTokens: none,
  maxRequestSteps: none,
  maxReplyBytes: none,
  timeoutMs: none,
  maxTimeoutMs: none,
};

const bodies = {
  classify: classifyBody,
  tag: tagBody,
  decode: decodeBody,
  generate: generateBody,
  predict: predictBody,
};

/**
 * Checks the example of a model's `model.json`, if any, by what reads a request's body.
 * @throws UnrollError invalid_model
 */
export async function checkExample(model: AnyModel): Promise<void> {
  if (model.spec === null || model.spec.example === undefined) return;
  const { task, example } = model.spec;
  if (Object.hasOwn(example, 'state'))
    throw invalidExample('state', 'state: not allowed in an example, it belongs to one server');
  const { success, data, error } = (bodies[task] as z.ZodType<Body>).safeParse(example);
  if (!success) {
    const { path, message, ...issue } = error.issues[0]!;
    const field = [...path, ...(issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])].join('.');
    throw invalidExample(
      field,
      `${field === '' ? 'body' : field}: ${issue.code === 'unrecognized_keys' ? `the task ${task} has no such field` : message}`,
    );
  }
  try {
    await readBody(model, data);
  } catch (cause) {
    if (!(cause instanceof UnrollError)) throw cause;
    throw invalidExample(cause.field ?? '', cause.message);
  }
}

type Body = z.output<typeof decodeBody> & z.output<typeof generateBody> & { readonly input: TaskInput };

/** @throws UnrollError for whatever does not fit the model */
async function readBody(model: ServedModel, body: Body): Promise<void> {
  readInsideOptions(model, body);
  if (model.spec.task === 'generate') {
    await readPrompts(model, body.prompt, noLimits);
    return;
  }
  const sequences = await readInputs(model, body.input, noLimits);
  for (const { steps } of sequences) model.network.checkLength?.(steps);
  if (model.spec.task === 'decode')
    resolveDecodeOptions(model, body, noLimits, encodeTokenRules(model, body), sequences[0]!.steps);
}

function invalidExample(field: string, problem: string): UnrollError {
  return new UnrollError('invalid_model', `model.json: example: ${problem}`, {
    field: field === '' ? 'example' : `example.${field}`,
  });
}
