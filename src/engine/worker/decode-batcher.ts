import { UnrollError } from '../../errors.ts';
import type { DecodeOptions, Search } from '../../decoding/search.ts';
import type { DecoderRunner, ReadSource } from '../../network/decoder-runner.ts';
import type { TokenTexts } from '../../vocabulary/token-table.ts';
import type { BatcherOptions } from './batcher-options.ts';
import type { Batcher } from './batcher.ts';
import { eventBytes } from '../flow-control.ts';
import type { SequenceReport } from '../channel/messages.ts';

// The step batcher of one encoder-decoder in one worker. Sources wait in line, are read together as many as fit, and then
// all hypotheses of all of them advance together, a step a tick. The searches decide which rows go on.

export interface DecodedSequence {
  readonly id: number;
  /** Ids [steps][columns], or features [steps][width]. */
  readonly input: Int32Array | Float32Array;
  readonly steps: number;
  readonly decode: DecodeOptions;
  readonly search: Search;
  /** Bytes of tokens that it may give before more are granted. */
  readonly windowBytes: number;
  /** Tokens that are not reported: its reader has them. */
  readonly alreadyDelivered: number;
}

export interface DecodeBatcher extends Pick<
  Batcher,
  'cancel' | 'grant' | 'waiting' | 'active' | 'runnable' | 'tick'
> {
  add(sequence: DecodedSequence): void;
}

interface Running {
  readonly sequence: DecodedSequence;
  readonly source: ReadSource;
  readonly joined: number;
  steps: number;
  /** What is left of its window. */
  windowBytes: number;
  /** What each of its rows is fed next. Its rows stand side by side. */
  ids: readonly number[];
}

type Emit = (sequence: number, report: SequenceReport) => void;

/** @param tokens text of every id that may be written */
export function createDecodeBatcher(
  runner: DecoderRunner,
  {
    now,
    tokens,
    startId,
    longestRead,
  }: Pick<BatcherOptions, 'now'> & {
    tokens: TokenTexts;
    startId: number;
    /** Steps of sources that are read in one tick. */
    longestRead: number;
  },
): DecodeBatcher {
  let line: DecodedSequence[] = [];
  let running: Running[] = [];
  /** Rows of each of them in this tick. */
  let counts: number[] = [];

  /** Rows that the running searches may come to hold. */
  const claimed = (): number => running.reduce((sum, { sequence }) => sum + sequence.search.rows, 0);

  /** Reads, in order, as many of those that wait as there is room for. @returns steps read */
  function admit(): number {
    const taken: DecodedSequence[] = [];
    let rows = claimed();
    let steps = 0;
    for (const sequence of line) {
      rows += sequence.search.rows;
      steps += sequence.steps;
      const fits = rows <= runner.maxRows && (steps <= longestRead || taken.length === 0);
      // what is held already leaves too little, or this batch would
      if (!fits || !runner.hasRoom(steps)) break;
      taken.push(sequence);
    }
    if (taken.length === 0) return 0;
    line = line.slice(taken.length);
    const joined = now();
    runner.read(taken.map(({ input }) => input)).forEach((source, i) => {
      runner.join(source);
      const { steps: read, windowBytes } = taken[i]!;
      running.push({ sequence: taken[i]!, source, joined, steps: read, windowBytes, ids: [startId] });
    });
    return taken.reduce((sum, { steps: count }) => sum + count, 0);
  }

  /** One search's turn. @returns which of its rows go on */
  function advance(one: Running, first: number, logits: Float32Array, emit: Emit): readonly number[] {
    const { sequence, ids } = one;
    const { decode, search, id } = sequence;
    const width = runner.outputWidth;
    const looks = decode.returnAttention || decode.coveragePenalty !== 0;
    const attention = looks ? ids.map((_, row) => runner.attentionOf(first + row)!) : null;
    one.steps++;
    try {
      const own = logits.subarray(first * width, (first + ids.length) * width);
      const { keep, ids: next, emitted, done } = search.next(own, width, attention?.[0] ? attention : null);
      for (const token of emitted) {
        if (token.index < sequence.alreadyDelivered) continue;
        const event = { kind: 'token', ...token, text: tokens.at(token.id)!, top: [] } as const;
        emit(id, event);
        one.windowBytes -= eventBytes(event);
      }
      if (done) {
        emit(id, { kind: 'decoded', hypotheses: done });
        emit(id, {
          kind: 'done',
          finish: done[0]?.finish ?? 'stop',
          steps: one.steps,
          runMs: now() - one.joined,
        });
      }
      one.ids = next;
      if (done) return [];
      if (one.windowBytes > 0) return keep;
      // a search has no state to save: it begins again when its reader has caught up, and does not repeat itself
      emit(id, { kind: 'preempted', resume: null });
      one.ids = [];
      return [];
    } catch (error) {
      const own = error instanceof UnrollError;
      emit(id, {
        kind: 'failed',
        reason: own ? error.message : String(error),
        ...(own && { code: error.code }),
      });
      one.ids = [];
      return [];
    }
  }

  /** Rows of those that have ended go, the others close up. */
  function settle(keeps: readonly (readonly number[])[]): void {
    const from: number[] = [];
    let first = 0;
    running.forEach((_, i) => {
      for (const row of keeps[i]!) from.push(first + row);
      first += counts[i]!;
    });
    runner.arrange(from);
    const ended = running.filter(({ ids }) => ids.length === 0);
    running = running.filter(({ ids }) => ids.length > 0);
    for (const { source } of ended) runner.release(source);
  }

  return {
    get waiting() {
      return line.length;
    },
    get active() {
      return running.length;
    },
    get runnable() {
      return line.length + running.length > 0;
    },
    grant(id, bytes) {
      const one = running.find(({ sequence }) => sequence.id === id);
      if (one) one.windowBytes += bytes;
    },
    add: (sequence) => void line.push(sequence),
    cancel(id) {
      line = line.filter((sequence) => sequence.id !== id);
      if (!running.some(({ sequence }) => sequence.id === id)) return;
      counts = running.map(({ ids }) => ids.length);
      const keeps = running.map((one) => (one.sequence.id === id ? [] : one.ids.map((_, row) => row)));
      for (const one of running) if (one.sequence.id === id) one.ids = [];
      settle(keeps);
    },
    tick(emit) {
      const began = now();
      const read = admit();
      if (running.length === 0) return null;
      counts = running.map(({ ids }) => ids.length);
      const logits = runner.step(running.flatMap(({ ids }) => ids));
      const rows = runner.rows;
      let first = 0;
      const keeps = running.map((one, i) => {
        const keep = advance(one, first, logits, emit);
        first += counts[i]!;
        return keep;
      });
      const sequenceSteps = read + running.length;
      settle(keeps);
      return { rows, steps: read + rows, padding: 0, sequenceSteps, ms: now() - began };
    },
  };
}
