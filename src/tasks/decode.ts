import type { DoneEvent, SequenceEvent } from '../engine/delivery.ts';
import type { Hypothesis } from '../decoding/search.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { decodeOptions, type DecodeSettings } from './decode-options.ts';
import { readInputs, type PreparedSequence, type TaskInput } from './read-input.ts';
import { follow, onlyOne, runSequences, type Submission } from './run-sequences.ts';
import { streamWithModel, withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';

export interface DecodeBody extends DecodeSettings {
  readonly input: TaskInput;
  /** The log-probability of every token. */
  readonly logprobs?: boolean | undefined;
}

export interface DecodedOutput {
  readonly text: string;
  readonly tokens: string[];
  /** What outputs are ranked by: the log-probability, with the penalties asked for. */
  readonly score: number;
  readonly finish_reason: 'stop' | 'length';
  /** Of every token, the end included where it came. */
  readonly logprobs?: number[];
  /** A row a token, the end included; a column a token of the source. */
  readonly attention?: number[][];
}
export interface Decoded {
  /** Best first; drawn ones in the order of their choice. */
  readonly hypotheses: DecodedOutput[];
  readonly source_tokens?: string[];
}
export interface DecodeReply extends ReplyHead {
  /** One a source. */
  readonly predictions: Decoded[];
}

type DecodedEvent = Extract<SequenceEvent, { kind: 'decoded' }>;
const isDecoded = (event: SequenceEvent): event is DecodedEvent => event.kind === 'decoded';

/** Many-to-many delayed: the source is read whole, then the output is written. */
export function decode(context: TaskContext, call: Call, body: DecodeBody): Promise<DecodeReply> {
  return withModel(context, call, 'decode', async (model) => {
    const sources = readInputs(model, body.input, context.limits);
    const submissions = sources.map((source) => submissionsOf(context, model, source, body));
    checkCount(submissions.flat().length, context);
    const results = await runSequences(context, call, submissions.flat(), isDecoded);
    const perSource = submissions[0]!.length;
    return {
      ...headOf(
        model,
        results.map(({ end }) => end),
        sources,
      ),
      predictions: sources.map((source, i) =>
        decodedOf(
          model,
          source,
          body,
          results.slice(i * perSource, (i + 1) * perSource).flatMap(({ events }) => events),
        ),
      ),
    };
  });
}

/** A `token` event as soon as the token is certain, then the reply. */
export function decodeStream(context: TaskContext, call: Call, body: DecodeBody): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'decode', async function* (model) {
    const source = onlyOne(readInputs(model, body.input, context.limits), 'input');
    const submission = onlyOne(submissionsOf(context, model, source, body), 'n');
    const decoded: DecodedEvent[] = [];
    let end: DoneEvent | null = null;
    for await (const event of follow(context, call, submission)) {
      if (event.kind === 'token') {
        const { index, text, id, logprob } = event;
        yield { event: 'token', data: { index, text: separatorOf(model, index) + text, id, logprob } };
      } else if (event.kind === 'decoded') decoded.push(event);
      else if (event.kind === 'done') end = event;
    }
    const reply: DecodeReply = {
      ...headOf(model, end ? [end] : [], [source]),
      predictions: [decodedOf(model, source, body, decoded)],
    };
    yield { event: 'done', data: reply };
  });
}

function submissionsOf(
  { limits }: TaskContext,
  model: ServedModel,
  { values, steps }: PreparedSequence,
  body: DecodeBody,
): Submission[] {
  return decodeOptions(model, body, limits, steps).map((options) => ({
    network: model.network,
    input: values,
    want: 'last',
    what: 'output',
    decode: options,
  }));
}

function checkCount(count: number, { limits }: TaskContext): void {
  if (count > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `n: at most ${limits.maxInputs} outputs in all, these are ${count}`,
      {
        field: 'n',
      },
    );
}

/** Words stand apart. */
const separatorOf = ({ spec }: ServedModel, index: number): string =>
  index > 0 && spec.outputs.vocabulary?.vocabulary === 'words' ? ' ' : '';

function decodedOf(
  model: ServedModel,
  { tokens: sourceTokens }: PreparedSequence,
  body: DecodeBody,
  events: readonly DecodedEvent[],
): Decoded {
  const hypotheses = events.flatMap((event) => event.hypotheses).map((one) => outputOf(model, one, body));
  return {
    hypotheses,
    ...(body.return_attention && { source_tokens: sourceTokens.map(({ text }) => text) }),
  };
}

function outputOf(
  { target }: ServedModel,
  { ids, logprobs, score, finish, attention }: Hypothesis,
  body: DecodeBody,
): DecodedOutput {
  return {
    text: target!.decode(ids),
    tokens: ids.map((id) => target!.tokens.at(id)!),
    score,
    finish_reason: finish,
    ...(body.logprobs && { logprobs: [...logprobs] }),
    ...(attention && { attention: attention.map((row) => [...row]) }),
  };
}
