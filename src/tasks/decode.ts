import type { DoneEvent } from '../engine/delivery.ts';
import type { Hypothesis } from '../decoding/search.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { checkDecodeCost } from './decode-cost.ts';
import { resolveDecodeOptions, encodeTokenRules } from './beam-options.ts';
import { requireFinite } from './float32-text.ts';
import { readInputs, type PreparedSequence } from './read-input.ts';
import {
  streamSequence,
  requireSingle,
  runSequences,
  type Collector,
  type Submission,
} from './run-sequences.ts';
import { streamWithModel, withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';
import type { DecodeBody } from './decode-body.ts';

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

/** Many-to-many delayed: the source is read whole, then the output is written. */
export function decode(context: TaskContext, call: Call, body: DecodeBody): Promise<DecodeReply> {
  return withModel(context, call, 'decode', async (model) => {
    const sources = await readInputs(model, body.input, context.limits, call.signal);
    const submissions = submissionsOf(context, model, sources, body);
    const results = await runSequences(context, call, submissions, collectHypotheses);
    const perSource = submissions.length / sources.length;
    const slice = createTimeSlice(call.signal);
    const predictions: Decoded[] = [];
    for (const [i, source] of sources.entries()) {
      const found = results.slice(i * perSource, (i + 1) * perSource).flatMap(({ result }) => result);
      predictions.push(await decodedOf(model, source, body, found, slice));
    }
    return {
      ...headOf(
        model,
        results.map(({ end }) => end),
        sources,
      ),
      predictions,
    };
  });
}

function collectHypotheses(): Collector<Hypothesis[]> {
  const hypotheses: Hypothesis[] = [];
  return {
    push: (event) => void (event.kind === 'decoded' && hypotheses.push(...event.hypotheses)),
    end: () => hypotheses,
  };
}

/** A `token` event as soon as the token is certain, then the reply. */
export function decodeStream(context: TaskContext, call: Call, body: DecodeBody): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'decode', async function* (model) {
    const source = requireSingle(await readInputs(model, body.input, context.limits, call.signal), 'input');
    const submission = requireSingle(submissionsOf(context, model, [source], body), 'n');
    const decoded: Hypothesis[] = [];
    let end: DoneEvent | null = null;
    for await (const event of streamSequence(context, call, submission)) {
      if (event.kind === 'token') {
        const { index, text, id, logprob } = event;
        yield { event: 'token', data: { index, text: separatorOf(model, index) + text, id, logprob } };
      } else if (event.kind === 'decoded') decoded.push(...event.hypotheses);
      else if (event.kind === 'done') end = event;
    }
    const reply: DecodeReply = {
      ...headOf(model, end ? [end] : [], [source]),
      predictions: [await decodedOf(model, source, body, decoded, createTimeSlice(call.signal))],
    };
    yield { event: 'done', data: reply };
  });
}

/** `n` for each source, counted before they are made. @throws UnrollError too_many_inputs, work_too_large, reply_too_large … */
function submissionsOf(
  { limits }: TaskContext,
  model: ServedModel,
  sources: readonly PreparedSequence[],
  body: DecodeBody,
): Submission[] {
  const count = sources.length * (body.n ?? 1);
  if (count > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `n: at most ${limits.maxInputs} outputs in all, these are ${count}`,
      {
        field: 'n',
      },
    );
  const rules = encodeTokenRules(model, body);
  const options = sources.map(({ steps }) => resolveDecodeOptions(model, body, limits, rules, steps));
  checkDecodeCost(model, sources, body, options, limits);
  return sources.flatMap(({ values }, i) =>
    options[i]!.map((decode) => ({
      network: model.network,
      input: values,
      steps: 'last' as const,
      output: 'output' as const,
      decode,
    })),
  );
}

/** Words stand apart. */
const separatorOf = ({ spec }: ServedModel, index: number): string =>
  index > 0 && spec.outputs.vocabulary?.vocabulary === 'words' ? ' ' : '';

async function decodedOf(
  model: ServedModel,
  { tokens: sourceTokens }: PreparedSequence,
  body: DecodeBody,
  found: readonly Hypothesis[],
  slice: TimeSlice,
): Promise<Decoded> {
  const hypotheses: DecodedOutput[] = [];
  for (const one of found) hypotheses.push(await outputOf(model, one, body, slice));
  return {
    hypotheses,
    ...(body.return_attention && { source_tokens: sourceTokens.map(({ text }) => text) }),
  };
}

async function outputOf(
  { target }: ServedModel,
  { ids, logprobs, score, finish, attention }: Hypothesis,
  body: DecodeBody,
  slice: TimeSlice,
): Promise<DecodedOutput> {
  const rows: number[][] = [];
  for (const row of attention ?? []) {
    rows.push(Array.from(row, requireFinite));
    if (slice.due()) await slice.next();
  }
  if (slice.due()) await slice.next();
  return {
    text: target!.decode(ids),
    tokens: ids.map((id) => target!.tokens.at(id)!),
    score: requireFinite(score),
    finish_reason: finish,
    ...(body.logprobs && { logprobs: logprobs.map(requireFinite) }),
    ...(attention && { attention: rows }),
  };
}
