import { randomInt } from 'node:crypto';
import type { DoneEvent } from '../engine/delivery.ts';
import type { SequenceEvent } from '../engine/delivery.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { checkReplyBytes, checkRequestSteps, longestTokenBytes } from './budgets.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { resolveSamplingOptions, type SamplingSettings } from './sampling-options.ts';
import { requireFinite } from './float32-text.ts';
import { mergeStreams } from './merge-streams.ts';
import { readPrompts, type Prompt } from './prompts.ts';
import {
  streamSequence,
  requireSingle,
  runSequences,
  type Collector,
  type Submission,
} from './run-sequences.ts';
import { streamWithModel, withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';

export interface GenerateBody extends SamplingSettings {
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
    const prompts = await readPrompts(model, body.prompt, context.limits, call.signal);
    const submissions = submissionsOf(context, model, prompts, body);
    const results = await runSequences(context, call, submissions, () => collectGenerated(body));
    const ends = results.map(({ end }) => end);
    return {
      ...headOf(model, ends, prompts),
      generations: results.map(({ result, end }) => result(end)),
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
    const prompt = requireSingle(
      await readPrompts(model, body.prompt, context.limits, call.signal),
      'prompt',
    );
    const submissions = submissionsOf(context, model, [prompt], body);
    const choices = submissions.map(() => collectGenerated(body));
    const ends: DoneEvent[] = [];
    const streams = submissions.map((submission) => streamSequence(context, call, submission));
    for await (const { source, value } of mergeStreams(streams)) {
      if (value.kind === 'done') ends[source] = value;
      else if (value.kind === 'token') {
        void choices[source]!.push(value);
        const { text, id, logprob, top } = logprobOf(value);
        const alternatives = body.logprobs ? { top } : {};
        yield { event: 'token', data: { text, id, logprob, choice: source, ...alternatives } };
      }
    }
    const generations: Generated[] = [];
    for (const [choice, collector] of choices.entries())
      generations.push((await collector.end())(ends[choice]!));
    const reply: GenerateReply = { ...headOf(model, ends, [prompt]), generations };
    yield { event: 'done', data: { finish_reason: reply.generations[0]!.finish_reason, ...reply } };
  });
}

function submissionsOf(
  { limits }: TaskContext,
  model: ServedModel,
  prompts: readonly Prompt[],
  body: GenerateBody,
): Submission[] {
  const options = resolveSamplingOptions(model, body, limits);
  const { inputs } = model.spec;
  const separator = inputs.kind === 'text' && inputs.vocabulary === 'words' ? ' ' : '';
  const n = body.n ?? 1;
  const count = prompts.length * n;
  if (count > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `n: at most ${limits.maxInputs} generations in a request, was asked for ${prompts.length} × ${n}`,
      { field: 'n' },
    );
  const { maxTokens } = options;
  const read = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
  checkRequestSteps(n * read + count * maxTokens, limits, 'max_tokens');
  const longest = longestTokenBytes(model.vocabulary!) + separator.length;
  const logprobs = body.logprobs === undefined ? 0 : (body.logprobs + 1) * (scoredTokenBytes + longest);
  const field = body.logprobs === undefined ? 'max_tokens' : 'logprobs';
  checkReplyBytes(count * (generatedBytes + maxTokens * (longest + logprobs)), limits, field);
  return prompts.flatMap(({ ids, seen }) => {
    // a prompt is answered as if it had come alone, so a given seed counts for each; without one, each draws its own
    const seed = body.seed ?? randomInt(2 ** 47);
    return Array.from({ length: n }, (_, choice) => ({
      network: model.network,
      input: ids,
      steps: 'last' as const,
      output: 'output' as const,
      generation: { ...options, seed, choice, separator, prompt: seen },
    }));
  });
}

/** Bytes of `{"text":,"id":262143,"logprob":-12.34567},`, and of a generation besides its tokens. */
const scoredTokenBytes = 44;
const generatedBytes = 80;

const rounded = (logprob: number): number => Number(requireFinite(logprob).toPrecision(7));

const logprobOf = ({ text, id, logprob, top }: TokenEvent): TokenLogprob => ({
  text,
  id,
  logprob: rounded(logprob),
  top: top.map((one) => ({ text: one.text, id: one.id, logprob: rounded(one.logprob) })),
});

/** Tokens after which their texts are joined: thousands of short texts take far more memory than one long one. */
const tokensAPart = 256;

/** Keeps a generation's text, and its tokens only where they are asked for. Its result waits for the last event. */
function collectGenerated(body: GenerateBody): Collector<(end: DoneEvent) => Generated> {
  const parts: string[] = [];
  let texts: string[] = [];
  let tokens = 0;
  const logprobs: TokenLogprob[] = [];
  return {
    push(event) {
      if (event.kind !== 'token') return;
      tokens++;
      texts.push(event.text);
      if (body.logprobs !== undefined) logprobs.push(logprobOf(event));
      if (texts.length < tokensAPart) return;
      parts.push(texts.join(''));
      texts = [];
    },
    end:
      () =>
      ({ finish }) => ({
        text: [...parts, ...texts].join(''),
        finish_reason: finish ?? 'length',
        tokens,
        ...(body.logprobs === undefined ? {} : { logprobs }),
      }),
  };
}
