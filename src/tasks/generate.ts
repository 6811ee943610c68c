import { randomInt } from 'node:crypto';
import type { DoneEvent } from '../engine/delivery.ts';
import type { SequenceEvent } from '../engine/delivery.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { optionsOf, type DecodingBody } from './decoding-options.ts';
import { mergeStreams } from './merge-streams.ts';
import { promptsOf, type Prompt } from './prompts.ts';
import { follow, isToken, onlyOne, runSequences, type Submission } from './run-sequences.ts';
import { streamWithModel, withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';

export interface GenerateBody extends DecodingBody {
  /** None: the model starts by itself. */
  readonly prompt?: string | readonly string[] | undefined;
}
export interface TokenLogprob {
  readonly text: string;
  readonly id: number;
  readonly logprob: number;
  readonly top: { readonly text: string; readonly id: number; readonly logprob: number }[];
}
export interface Generated {
  readonly text: string;
  /** `stop`: a stop string or the end of the text; `length`: max_tokens. */
  readonly finish_reason: 'stop' | 'length';
  /** Tokens generated, those of a stop string not counted. */
  readonly tokens: number;
  readonly logprobs?: TokenLogprob[];
}
export interface GenerateReply extends ReplyHead {
  /** `n` for each prompt, in order. */
  readonly generations: Generated[];
}
type TokenEvent = Extract<SequenceEvent, { kind: 'token' }>;

/** One-to-many: text from a prompt, or from nothing. */
export function generate(context: TaskContext, call: Call, body: GenerateBody): Promise<GenerateReply> {
  return withModel(context, call, 'generate', async (model) => {
    const prompts = promptsOf(model, body.prompt, context.limits);
    const submissions = submissionsOf(context, model, prompts, body);
    const results = await runSequences(context, call, submissions, isToken);
    const ends = results.map(({ end }) => end);
    return {
      ...headOf(model, ends, prompts),
      generations: results.map(({ events, end }) => generatedOf(events, end, body)),
    };
  });
}

/** A `token` event each, of all choices as they come, then the reply. */
export function generateStream(
  context: TaskContext,
  call: Call,
  body: GenerateBody,
): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'generate', async function* (model) {
    const prompt = onlyOne(promptsOf(model, body.prompt, context.limits), 'prompt');
    const submissions = submissionsOf(context, model, [prompt], body);
    const tokens: TokenEvent[][] = submissions.map(() => []);
    const ends: DoneEvent[] = [];
    const streams = submissions.map((submission) => follow(context, call, submission));
    for await (const { source, value } of mergeStreams(streams)) {
      if (value.kind === 'done') ends[source] = value;
      else if (value.kind === 'token') {
        tokens[source]!.push(value);
        const { text, id, logprob, top } = logprobOf(value);
        const alternatives = body.logprobs ? { top } : {};
        yield { event: 'token', data: { text, id, logprob, choice: source, ...alternatives } };
      }
    }
    const reply: GenerateReply = {
      ...headOf(model, ends, [prompt]),
      generations: tokens.map((events, choice) => generatedOf(events, ends[choice]!, body)),
    };
    yield { event: 'done', data: { finish_reason: reply.generations[0]!.finish_reason, ...reply } };
  });
}

function submissionsOf(
  { limits }: TaskContext,
  model: ServedModel,
  prompts: readonly Prompt[],
  body: GenerateBody,
): Submission[] {
  const options = optionsOf(model, body, limits);
  const { inputs } = model.spec;
  const separator = inputs.kind === 'text' && inputs.vocabulary === 'words' ? ' ' : '';
  const n = body.n ?? 1;
  if (prompts.length * n > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `n: at most ${limits.maxInputs} generations in a request, was asked for ${prompts.length} × ${n}`,
      { field: 'n' },
    );
  return prompts.flatMap(({ ids }) => {
    // a prompt is answered as if it had come alone, so a given seed counts for each; without one, each draws its own
    const seed = body.seed ?? randomInt(2 ** 47);
    return Array.from({ length: n }, (_, choice) => ({
      network: model.network,
      input: ids,
      want: 'last' as const,
      what: 'output' as const,
      generation: { ...options, seed, choice, separator, prompt: [...ids] },
    }));
  });
}

const rounded = (logprob: number): number => Number(logprob.toPrecision(7));

const logprobOf = ({ text, id, logprob, top }: TokenEvent): TokenLogprob => ({
  text,
  id,
  logprob: rounded(logprob),
  top: top.map((one) => ({ text: one.text, id: one.id, logprob: rounded(one.logprob) })),
});

function generatedOf(events: readonly TokenEvent[], end: DoneEvent, body: GenerateBody): Generated {
  return {
    text: events.map(({ text }) => text).join(''),
    finish_reason: end.finish ?? 'length',
    tokens: events.length,
    ...(body.logprobs === undefined ? {} : { logprobs: events.map(logprobOf) }),
  };
}
