import { randomInt } from 'node:crypto';
import type { DoneEvent, SequenceEvent } from '../engine/delivery.ts';
import { createEventSource, type EventSource } from '../engine/event-source.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { checkReplyBytes, checkRequestSteps, longestTokenBytes } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { requireOneSequence } from './continuation.ts';
import type { InsidePlan } from '../network/inside.ts';
import { checkInsideSize, readInsideOptions, type InsideOptions } from './inside-options.ts';
import { collectInside, createWaitingRows, type InsideValues } from './inside-values.ts';
import { mergeEvents } from './merge-events.ts';
import { readPrompts, type Prompt } from './prompts.ts';
import type { TokenIds } from './task-input.ts';
import type { Collector } from './collect-events.ts';
import { runSequences, streamSequence, type Submission } from './run-sequences.ts';
import { resolveSamplingOptions, type SamplingSettings } from './sampling-options.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

export interface GenerateBody extends SamplingSettings, InsideOptions {
  /** Undefined: the model starts from its start token. */
  readonly prompt?: string | readonly string[] | TokenIds | undefined;
}
/** A token with its log-probability and alternatives. */
export type GeneratedToken = Pick<TokenEvent, 'text' | 'id' | 'logprob' | 'top'>;
export interface Generation {
  readonly text: string;
  /** `stop`: a stop string or the end of the text; `length`: max_tokens. */
  readonly finish: 'stop' | 'length';
  /** Tokens generated, those of a stop string not counted. */
  readonly tokens: number;
  /** Undefined where they were not requested. */
  readonly logprobs: readonly GeneratedToken[] | undefined;
  /** Of the prompt's steps, then of each token that was fed. */
  readonly inside?: InsideValues | undefined;
  /** Of its prompt, where inside values are wanted. */
  readonly promptSteps?: number | undefined;
}
export interface GenerateResult extends TaskResult {
  /** Tokens of all prompts, start tokens counted; each prompt once. */
  readonly promptTokens: number;
  /** `n` for each prompt, in order. */
  readonly generations: Generation[];
}
export type GenerateEvent =
  /** `choice` is the index of its generation in the result. */
  | {
      readonly kind: 'token';
      readonly choice: number;
      readonly token: GeneratedToken;
      readonly inside: InsideValues | undefined;
    }
  | { readonly kind: 'done'; readonly result: GenerateResult };
type TokenEvent = Extract<SequenceEvent, { kind: 'token' }>;
type GenerationRequest = Extract<Submission, { readonly input: unknown }>;

/** One-to-many: text from a prompt, or from nothing. */
export async function generate(
  context: TaskContext,
  call: Call,
  body: GenerateBody,
): Promise<GenerateResult> {
  const prompts = await readPrompts(call.model, body.prompt, context.limits, call);
  const inside = readInsideOptions(call.model, body);
  const textOnly = body.logprobs === undefined;
  const submissions = createSubmissions(context, call.model, prompts, body, { textOnly, inside });
  const results = await runSequences(context, call, submissions, () =>
    collectInside(inside, collectGeneration(body)),
  );
  const ends = results.map(({ end }) => end);
  return {
    usage: measureUsage(ends, prompts),
    promptTokens: countTokens(prompts),
    generations: results.map(({ result, end }, i) => ({
      ...result.value(end),
      ...(inside && { inside: result.inside, promptSteps: submissions[i]!.input.length }),
    })),
  };
}

/** The tokens of all choices as they are drawn, then the result. */
export async function openGeneration(
  context: TaskContext,
  call: Call,
  body: GenerateBody,
): Promise<EventSource<GenerateEvent>> {
  const { model } = call;
  const prompts = await readPrompts(model, body.prompt, context.limits, call);
  const inside = readInsideOptions(model, body);
  checkInsideSize(inside, 1, body, context.limits);
  // the values of a token are those that it was drawn from: the prompt's last step is the first token's
  const submissions = createSubmissions(context, model, prompts, body, { textOnly: false }).map(
    (submission) => ({
      ...submission,
      inside: inside && { ...inside, firstStep: submission.input.length - 1 },
    }),
  );
  if (call.continuation) requireOneSequence(submissions.length);
  const rows = submissions.map(() => createWaitingRows(inside));
  const choices = submissions.map(() => collectGeneration(body));
  const ends: DoneEvent[] = [];
  let endCount = 0;
  const streams = submissions.map((submission) => streamSequence(context, call, submission));
  const merged = mergeEvents(streams);
  const finish = (): GenerateEvent => {
    const generations = choices.map((choice, i) => choice.end()(ends[i]!));
    const usage = measureUsage(ends, prompts);
    return { kind: 'done', result: { usage, promptTokens: countTokens(prompts), generations } };
  };
  return createEventSource({
    take() {
      for (;;) {
        const taken = merged.take();
        if (taken === null) return null;
        const { source, value } = taken;
        rows[source]!.push(value);
        if (value.kind === 'done') {
          ends[source] = value;
          if (++endCount === submissions.length) return finish();
        } else if (value.kind === 'token') {
          choices[source]!.push(value);
          const step = submissions[source]!.input.length - 1 + value.index;
          return { kind: 'token', choice: source, token: value, inside: rows[source]!.take(step) };
        }
      }
    },
    ended: () => merged.ended,
    listen: (ready) => merged.listen(ready),
    close: () => merged.close(),
  });
}

/** The same as a generator, for readers that take an event at a time. */
export async function* generateStream(
  context: TaskContext,
  call: Call,
  body: GenerateBody,
): AsyncGenerator<GenerateEvent> {
  yield* await openGeneration(context, call, body);
}

const countTokens = (prompts: readonly Prompt[]): number =>
  prompts.reduce((sum, { ids }) => sum + ids.length, 0);

/**
 * `n` sequences for each prompt.
 * @throws UnrollError too_many_inputs, work_too_large, reply_too_large, invalid_request
 */
function createSubmissions(
  { limits }: TaskContext,
  model: ServedModel,
  prompts: readonly Prompt[],
  body: GenerateBody,
  { textOnly, inside }: { readonly textOnly: boolean; readonly inside?: InsidePlan | undefined },
): GenerationRequest[] {
  const options = resolveSamplingOptions(model, body, limits);
  const { inputs } = model.spec;
  const separator = inputs.kind === 'text' && inputs.vocabulary !== 'characters' ? ' ' : '';
  const n = body.n ?? 1;
  const count = prompts.length * n;
  if (count > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `n: at most ${limits.maxInputs} generations in a request, was ${prompts.length} × ${n}`,
      { field: 'n' },
    );
  const { maxTokens } = options;
  checkRequestSteps(n * countTokens(prompts) + count * maxTokens, limits, 'max_tokens');
  const longest = longestTokenBytes(model.vocabulary!) + separator.length;
  const logprobs = body.logprobs === undefined ? 0 : (body.logprobs + 1) * (scoredTokenBytes + longest);
  const field = body.logprobs === undefined ? 'max_tokens' : 'logprobs';
  const bytes = count * (generatedBytes + maxTokens * (longest + logprobs));
  checkReplyBytes(bytes, limits, field);
  checkInsideSize(inside, n * countTokens(prompts) + count * maxTokens, body, limits, bytes);
  return prompts.flatMap(({ ids, seen }) => {
    // each prompt gives what it gives alone, so a given seed is used for all of them; without one, each
    // prompt has its own
    const seed = body.seed ?? randomInt(2 ** 47);
    return Array.from({ length: n }, (_, choice) => ({
      network: model.network,
      input: ids,
      steps: 'last' as const,
      output: 'output' as const,
      generation: { ...options, seed, choice, separator, textOnly, prompt: seen },
      inside,
    }));
  });
}

/** Bytes of `{"text":,"id":262143,"logprob":-12.34567},`, and of a generation besides its tokens. */
const scoredTokenBytes = 44;
const generatedBytes = 80;

/**
 * Tokens after which their texts are joined: thousands of short strings take far more memory than one long
 * one.
 */
const tokensPerPart = 256;

interface GenerationCollector extends Collector<(end: DoneEvent) => Generation> {
  push(event: SequenceEvent): void;
  end(): (end: DoneEvent) => Generation;
}

/**
 * Collects a generation's text, and its tokens only where they are requested. The result is a function of the
 * last event.
 */
function collectGeneration(body: GenerateBody): GenerationCollector {
  const parts: string[] = [];
  let texts: string[] = [];
  let tokens = 0;
  const logprobs: GeneratedToken[] = [];
  return {
    push(event) {
      if (event.kind !== 'token' && event.kind !== 'text') return;
      tokens += event.kind === 'text' ? event.tokens : 1;
      texts.push(event.text);
      if (event.kind === 'token' && body.logprobs !== undefined) logprobs.push(event);
      if (texts.length < tokensPerPart) return;
      parts.push(texts.join(''));
      texts = [];
    },
    end:
      () =>
      ({ finish }) => ({
        text: [...parts, ...texts].join(''),
        finish: finish ?? 'length',
        tokens,
        logprobs: body.logprobs === undefined ? undefined : logprobs,
      }),
  };
}
