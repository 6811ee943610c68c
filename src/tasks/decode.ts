import type { DoneEvent } from '../engine/delivery.ts';
import type { Hypothesis } from '../decoding/search.ts';
import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import { encodeTokenRules, resolveDecodeOptions } from './beam-options.ts';
import type { DecodeBody } from './decode-body.ts';
import type { Call, TaskContext } from './context.ts';
import { checkDecodeCost } from './decode-cost.ts';
import { requireFinite } from './finite.ts';
import { readInputs, type PreparedSequence } from './read-input.ts';
import type { Collector } from './collect-events.ts';
import { requireSingle, runSequences, streamSequence, type Submission } from './run-sequences.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

/** A hypothesis as text. Its score is the log-probability with the requested penalties. */
export interface DecodedHypothesis extends Hypothesis {
  readonly text: string;
  readonly tokens: string[];
}
export interface DecodedSource {
  /** Best first; drawn ones in the order of their choice. */
  readonly hypotheses: DecodedHypothesis[];
  readonly sourceTokens: PreparedSequence['tokens'];
}
export interface DecodeResult extends TaskResult {
  /** One for each source, in order. */
  readonly predictions: DecodedSource[];
}
export type DecodeEvent =
  | {
      readonly kind: 'token';
      readonly index: number;
      readonly text: string;
      readonly id: number;
      readonly logprob: number;
    }
  | { readonly kind: 'done'; readonly result: DecodeResult };

/** Delayed many-to-many: reads the whole source, then writes the output. */
export async function decode(context: TaskContext, call: Call, body: DecodeBody): Promise<DecodeResult> {
  const { model, signal } = call;
  const sources = await readSources(context, call, body);
  const submissions = createSubmissions(context, model, sources, body);
  const results = await runSequences(context, call, submissions, collectHypotheses);
  const perSource = submissions.length / sources.length;
  const slice = createTimeSlice(signal);
  const predictions: DecodedSource[] = [];
  for (const [i, source] of sources.entries()) {
    const found = results.slice(i * perSource, (i + 1) * perSource).flatMap(({ result }) => result);
    predictions.push(await toDecodedSource(model, source, found, slice));
  }
  const ends = results.map(({ end }) => end);
  return { usage: measureUsage(ends, sources), predictions };
}

/** @throws UnrollError invalid_request where there is no source */
async function readSources(
  { limits }: TaskContext,
  { model, signal, continuation }: Call,
  { input }: DecodeBody,
): Promise<PreparedSequence[]> {
  if (input !== undefined) return readInputs(model, input, limits, signal);
  const { memoryWidth, inputWidth } = model.network.info;
  if (!continuation?.from)
    throw new UnrollError('invalid_request', 'input: required, since no source has been read', {
      field: 'input',
    });
  const values = inputWidth === 0 ? new Int32Array(0) : new Float32Array(0);
  return [{ values, steps: continuation.from.length / memoryWidth, unknown: 0, tokens: [] }];
}

function collectHypotheses(): Collector<Hypothesis[]> {
  const hypotheses: Hypothesis[] = [];
  return {
    push: (event) => void (event.kind === 'decoded' && hypotheses.push(...event.hypotheses)),
    end: () => hypotheses,
  };
}

/** The tokens of the best hypothesis as soon as each is certain, then the result. */
export async function* decodeStream(
  context: TaskContext,
  call: Call,
  body: DecodeBody,
): AsyncGenerator<DecodeEvent> {
  const { model, signal } = call;
  const source = requireSingle(await readSources(context, call, body), 'input');
  const submission = requireSingle(createSubmissions(context, model, [source], body), 'n');
  const decoded: Hypothesis[] = [];
  let end: DoneEvent | null = null;
  for await (const event of streamSequence(context, call, submission)) {
    if (event.kind === 'token') {
      const { index, text, id, logprob } = event;
      yield { kind: 'token', index, text: wordSeparator(model, index) + text, id, logprob };
    } else if (event.kind === 'decoded') decoded.push(...event.hypotheses);
    else if (event.kind === 'done') end = event;
  }
  const predictions = [await toDecodedSource(model, source, decoded, createTimeSlice(signal))];
  yield { kind: 'done', result: { usage: measureUsage(end ? [end] : [], [source]), predictions } };
}

/**
 * `n` for each source, counted before they are created.
 * @throws UnrollError too_many_inputs, work_too_large, reply_too_large …
 */
function createSubmissions(
  { limits }: TaskContext,
  model: ServedModel,
  sources: readonly PreparedSequence[],
  body: DecodeBody,
): Submission[] {
  const count = sources.length * (body.n ?? 1);
  if (count > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `n: at most ${limits.maxInputs} outputs in a request, was ${count}`,
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

/** A space before every word but the first; nothing between characters. */
const wordSeparator = ({ spec }: ServedModel, index: number): string =>
  index > 0 && spec.outputs.vocabulary?.vocabulary !== 'characters' ? ' ' : '';

async function toDecodedSource(
  { target }: ServedModel,
  { tokens: sourceTokens }: PreparedSequence,
  found: readonly Hypothesis[],
  slice: TimeSlice,
): Promise<DecodedSource> {
  const hypotheses: DecodedHypothesis[] = [];
  for (const one of found) {
    requireFinite(one.score);
    const tokens = one.ids.map((id) => target!.tokens.at(id)!);
    hypotheses.push({ ...one, text: target!.decode(one.ids), tokens });
    if (slice.due()) await slice.next();
  }
  return { hypotheses, sourceTokens };
}
