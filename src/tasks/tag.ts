import { createCrfLabeller } from '../decoding/crf/labeller.ts';
import { UnrollError } from '../errors.ts';
import type { InsidePlan } from '../network/inside.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import type { TextToken } from '../vocabulary/split.ts';
import { checkReplySize, longestTextBytes, numberBytes, textBytes } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { checkInsideSize, readInsideOptions, type InsideOptions } from './inside-options.ts';
import { collectInside, createWaitingRows, type InsideValues } from './inside-values.ts';
import { countSteps, readInputs, type PreparedSequence } from './read-input.ts';
import type { TaskInput } from './task-input.ts';
import type { Collector } from './collect-events.ts';
import {
  requireSingle,
  runSequences,
  sequenceOutputs,
  splitRows,
  streamSequence,
  type Submission,
} from './run-sequences.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

export interface TagBody extends InsideOptions {
  readonly input: TaskInput;
}

/** The label of a step, and its score as a float32. */
export interface StepLabel {
  readonly label: string;
  readonly score: number;
}
export interface TaggedSequence {
  readonly steps: readonly StepLabel[];
  /** The text of each step; empty where the input is numbers or ids. */
  readonly tokens: readonly TextToken[];
  readonly inside?: InsideValues | undefined;
}
export interface TagResult extends TaskResult {
  readonly predictions: TaggedSequence[];
}
export type TagEvent =
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly labelled: StepLabel;
      readonly token: TextToken | undefined;
      readonly inside: InsideValues | undefined;
    }
  | { readonly kind: 'done'; readonly result: TagResult };

/** Synchronised many-to-many: a label for every token. */
export async function tag(context: TaskContext, call: Call, body: TagBody): Promise<TagResult> {
  const { model, signal } = call;
  const sequences = await readInputs(model, body.input, context.limits, signal);
  const { maxReplyBytes } = context.limits;
  const inside = readInsideOptions(model, body);
  const estimate = (): number => replyBytes(model, sequences, maxReplyBytes);
  checkReplySize(sequences, estimate, call, context.limits);
  if (inside) checkInsideSize(inside, countSteps(sequences), body, context.limits, estimate());
  const submissions = sequences.map((sequence) => sequenceLabels(model, sequence, inside));
  const results = await runSequences(context, call, submissions, (_, slice) =>
    collectInside(inside, collectLabels(createLabeller(call, slice), slice)),
  );
  const ends = results.map(({ end }) => end);
  return {
    usage: measureUsage(ends, sequences),
    predictions: results.map(({ result }, i) => ({
      steps: result.value,
      tokens: sequences[i]!.tokens,
      inside: result.inside,
    })),
  };
}

/** Asks for what labels every step: all scores where a CRF chooses among them, else the best of each. */
const sequenceLabels = (
  model: ServedModel,
  sequence: PreparedSequence,
  inside: InsidePlan | undefined,
): Submission => sequenceOutputs(model, sequence, 'every', inside, model.chain ? 'output' : 'best');

/** Bytes of `{"text":,"label":,"score":,"start":123456,"end":123456},`. */
const tokenBytes = 54 + numberBytes;
const digits = 7;

/** Stops counting past the limit: a request may have millions of tokens. */
function replyBytes({ spec }: ServedModel, sequences: readonly PreparedSequence[], maxBytes: number): number {
  const perToken = tokenBytes + longestTextBytes(spec.outputs.labels!);
  let bytes = 0;
  for (const { steps, tokens } of sequences) {
    bytes += steps * (perToken + (tokens.length === 0 ? digits : 0));
    for (let i = 0; i < tokens.length && bytes <= maxBytes; i++) bytes += textBytes(tokens[i]!.text);
  }
  return bytes;
}

function collectLabels(labeller: Labeller, slice: TimeSlice): Collector<StepLabel[]> {
  const labelled: StepLabel[] = [];
  return {
    async push(event) {
      if (event.kind !== 'outputs') return;
      for (const scores of splitRows(event)) {
        labelled.push(...labeller.push(scores));
        if (slice.due()) await slice.next();
      }
    },
    async end() {
      const last = await labeller.finish();
      return labelled.length === 0 ? last : [...labelled, ...last];
    },
  };
}

/**
 * An event with the label of each token as it is read (after the last one where a CRF labels whole
 * sequences), then the result.
 */
export async function* tagStream(context: TaskContext, call: Call, body: TagBody): AsyncGenerator<TagEvent> {
  const { model, signal } = call;
  const sequence = requireSingle(await readInputs(model, body.input, context.limits, signal), 'input');
  const { tokens } = sequence;
  const inside = readInsideOptions(model, body);
  const { causal } = model.network.info;
  // where the labels come at the end, all values wait for them
  const waiting = model.chain || !causal ? sequence.steps : 1;
  checkInsideSize(inside, waiting, body, context.limits);
  const labeller = createLabeller(call, createTimeSlice(signal));
  const rows = createWaitingRows(inside);
  const steps: StepLabel[] = [];
  for await (const event of streamSequence(context, call, sequenceLabels(model, sequence, inside))) {
    rows.push(event);
    const decided =
      event.kind === 'outputs'
        ? splitRows(event).flatMap((scores) => labeller.push(scores))
        : event.kind === 'done'
          ? await labeller.finish()
          : [];
    for (const labelled of decided) {
      const step = steps.push(labelled) - 1;
      yield { kind: 'step', step, labelled, token: tokens[step], inside: rows.take(step) };
    }
    if (event.kind === 'done')
      yield {
        kind: 'done',
        result: { usage: measureUsage([event], [sequence]), predictions: [{ steps, tokens }] },
      };
  }
}

/**
 * Turns rows into labels: the best scores of each step at once where steps are independent, all scores at the end where a
 * CRF labels the sequence.
 */
interface Labeller {
  push(scores: Float32Array): StepLabel[];
  finish(): Promise<StepLabel[]>;
}

function createLabeller(
  { model: { spec, chain, name }, continuation }: Pick<Call, 'model' | 'continuation'>,
  slice: TimeSlice,
): Labeller {
  if (chain && continuation)
    throw new UnrollError(
      'session_unsupported',
      `${name} labels whole sequences with a CRF, where a label depends on later steps: ask for its hidden rows with embed`,
      { field: 'embed' },
    );
  const labels = spec.outputs.labels!;
  if (!chain)
    return {
      push: ([best, score]) => [{ label: labels[best!]!, score: score! }],
      finish: () => Promise.resolve([]),
    };
  const labeller = createCrfLabeller(chain);
  return {
    push(scores) {
      labeller.push(scores);
      return [];
    },
    async finish() {
      const labelled: StepLabel[] = [];
      for (const { label, probability } of await labeller.finish()) {
        labelled.push({ label: labels[label]!, score: Math.fround(probability) });
        if (slice.due()) await slice.next();
      }
      return labelled;
    },
  };
}
