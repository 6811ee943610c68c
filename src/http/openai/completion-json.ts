import { randomUUID } from 'node:crypto';
import type { ServedModel } from '../../repository/repository-interface.ts';
import type { GenerateBody, GeneratedToken, GenerateEvent, GenerateResult } from '../../tasks/generate.ts';
import { createTimeSlice } from '../../time-slice.ts';
import type { ServerEvent } from '../server-event.ts';
import { roundLogprob } from '../v1/json/generate.ts';
import type { CompletionBody } from './schemas/completions.ts';
import { toTokenInput } from './token-input.ts';

// Completions as the task generate: its body, its result and its events.

const defaultMaxTokens = 16;

export function toGenerateBody(body: CompletionBody): GenerateBody {
  const { prompt, max_tokens = defaultMaxTokens } = body;
  return { ...body, max_tokens, prompt: prompt === undefined ? undefined : toTokenInput(prompt, 'prompt') };
}

interface Logprobs {
  readonly tokens: string[];
  readonly token_logprobs: number[];
  readonly top_logprobs: Record<string, number>[];
  readonly text_offset: number[];
}
interface Choice {
  readonly text: string;
  readonly index: number;
  readonly logprobs: Logprobs | null;
  readonly finish_reason: 'stop' | 'length' | null;
}
interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}
export interface Completion {
  readonly id: string;
  readonly object: 'text_completion';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly Choice[];
  readonly usage?: Usage | null;
}

type Head = Pick<Completion, 'id' | 'object' | 'created'>;
const createHead = (): Head => ({
  id: `cmpl-${randomUUID()}`,
  object: 'text_completion',
  created: Math.floor(Date.now() / 1000),
});

const toModelName = ({ name, version }: ServedModel): string => `${name}@${version}`;

export async function toCompletion(
  result: GenerateResult,
  model: ServedModel,
  body: CompletionBody,
  signal: AbortSignal,
): Promise<Completion> {
  const slice = createTimeSlice(signal);
  const choices: Choice[] = [];
  for (const [index, { text, finish, logprobs }] of result.generations.entries()) {
    const scores = logprobs ? createLogprobs(body) : null;
    for (const token of logprobs ?? []) {
      scores!.add(token);
      if (slice.due()) await slice.next();
    }
    choices.push({
      text: getEcho(body, model, index) + text,
      index,
      logprobs: scores?.take() ?? null,
      finish_reason: finish,
    });
  }
  return { ...createHead(), model: toModelName(model), choices, usage: toUsage(result) };
}

/** Creates a function that turns each event of a generation into events of a stream. */
export function createChunks(body: CompletionBody) {
  const head = createHead();
  const includeUsage = body.stream_options?.include_usage === true;
  const started = new Set<number>();
  const scores = new Map<number, ReturnType<typeof createLogprobs>>();

  return (event: GenerateEvent, model: ServedModel): ServerEvent[] => {
    const toChunk = (choices: Choice[], usage: Usage | null = null): ServerEvent => ({
      event: null,
      id: null,
      data: { ...head, model: toModelName(model), choices, ...(includeUsage && { usage }) },
    });
    const takeEcho = (index: number): string => {
      if (started.has(index)) return '';
      started.add(index);
      return getEcho(body, model, index);
    };
    if (event.kind === 'token') {
      const { choice: index, token } = event;
      let logprobs: Logprobs | null = null;
      if (body.logprobs !== undefined) {
        const added = scores.get(index) ?? createLogprobs(body);
        scores.set(index, added);
        added.add(token);
        logprobs = added.take();
      }
      return [toChunk([{ text: takeEcho(index) + token.text, index, logprobs, finish_reason: null }])];
    }
    const ends = event.result.generations.map(({ finish }, index) =>
      toChunk([{ text: takeEcho(index), index, logprobs: null, finish_reason: finish }]),
    );
    return includeUsage ? [...ends, toChunk([], toUsage(event.result))] : ends;
  };
}

const toUsage = ({ promptTokens, generations }: GenerateResult): Usage => {
  const written = generations.reduce((sum, { tokens }) => sum + tokens, 0);
  return { prompt_tokens: promptTokens, completion_tokens: written, total_tokens: promptTokens + written };
};

/** The prompt that a choice's text begins with. */
function getEcho(
  { echo, prompt, n = 1 }: CompletionBody,
  { spec, vocabulary }: ServedModel,
  index: number,
): string {
  if (!echo || prompt === undefined) return '';
  const given = toTokenInput(prompt, 'prompt');
  const list: readonly (string | ArrayLike<number>)[] =
    typeof given === 'string' ? [given] : 'ids' in given ? given.ids : given;
  const one = list[Math.floor(index / n)]!;
  const text = typeof one === 'string' ? one : vocabulary!.decode(one);
  const isSplit = spec.inputs.kind === 'text' && spec.inputs.vocabulary === 'words' && /\S$/.test(text);
  return isSplit ? `${text} ` : text;
}

/** Collects the log-probabilities of a choice's tokens; `take` gives those since the last one. */
function createLogprobs({ logprobs: alternatives = 0 }: CompletionBody) {
  let offset = 0;
  const create = (): Logprobs => ({ tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] });
  let collected = create();
  return {
    add({ text, logprob, top }: GeneratedToken): void {
      const score = roundLogprob(logprob);
      collected.tokens.push(text);
      collected.token_logprobs.push(score);
      // the token itself is always there, as with OpenAI
      const listed = alternatives > 0 ? top.map((one) => [one.text, roundLogprob(one.logprob)] as const) : [];
      collected.top_logprobs.push(Object.fromEntries([...listed, [text, score]]));
      collected.text_offset.push(offset);
      offset += Array.from(text).length;
    },
    take(): Logprobs {
      const taken = collected;
      collected = create();
      return taken;
    },
  };
}
