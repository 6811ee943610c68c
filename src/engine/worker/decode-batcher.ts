import { UnrollError } from '../../errors.ts';
import type { DecodeOptions, Search } from '../../decoding/search.ts';
import type { DecoderRunner, ReadSource } from '../../network/decoder-runner.ts';
import type { TokenTexts } from '../../vocabulary/token-table.ts';
import type { BatcherOptions } from './batcher-options.ts';
import type { Batcher } from './batcher.ts';
import { eventBytes } from '../flow-control.ts';
import type { SequenceReport } from '../channel/messages.ts';

// The step batcher of one encoder-decoder in one worker. Sources wait in a queue and are encoded in batches;
// then all hypotheses of all sources advance together, one step a tick. The searches decide which rows
// continue.

/** A sequence to decode, as the batcher receives it. */
export interface DecodedSequence {
  readonly id: number;
  /** Ids [steps, idColumns], or features [steps, inputWidth]. */
  readonly input: Int32Array | Float32Array;
  /** Of its source. */
  readonly steps: number;
  /** Its source as it was read before, in place of the input; null where it is to be read. */
  readonly from: Float32Array | null;
  /** Whether its last report has the source as it was read. */
  readonly keepState: boolean;
  readonly decode: DecodeOptions;
  readonly search: Search;
  /** Bytes of tokens that may be sent before more are granted. */
  readonly windowBytes: number;
  /** Tokens that the reader has received; they are not sent again. */
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
  readonly joinedAtMs: number;
  steps: number;
  /** Bytes left of its window. */
  windowBytes: number;
  /** The next id of each of its rows, which are consecutive. Empty when the search has ended. */
  ids: readonly number[];
}

type Emit = (sequence: number, report: SequenceReport) => void;

/** @param tokens text of every id that may be emitted */
export function createDecodeBatcher(
  runner: DecoderRunner,
  {
    now,
    tokens,
    startId,
    maxReadSteps,
  }: Pick<BatcherOptions, 'now'> & {
    tokens: TokenTexts;
    startId: number;
    /** Maximum steps of the sources that are encoded in one tick, unless one source is longer. */
    maxReadSteps: number;
  },
): DecodeBatcher {
  let queue: DecodedSequence[] = [];
  let running: Running[] = [];
  /** Rows of each running search in this tick. */
  let counts: number[] = [];

  /** The maximum rows of the running searches. */
  const countReservedRows = (): number =>
    running.reduce((sum, { sequence }) => sum + sequence.search.rows, 0);

  /** Encodes, in order, as many queued sources as fit. @returns steps encoded */
  function admit(): number {
    const admitted: DecodedSequence[] = [];
    let rows = countReservedRows();
    let steps = 0;
    for (const sequence of queue) {
      rows += sequence.search.rows;
      steps += sequence.steps;
      const fits = rows <= runner.maxRows && (steps <= maxReadSteps || admitted.length === 0);
      // the memory for encoded sources is too small for this batch besides those that are running
      if (!fits || !runner.hasRoom(steps)) break;
      admitted.push(sequence);
    }
    if (admitted.length === 0) return 0;
    queue = queue.slice(admitted.length);
    const joinedAtMs = now();
    const unread = admitted.filter(({ from }) => from === null);
    const read = unread.length > 0 ? runner.read(unread.map(({ input }) => input)) : [];
    for (const sequence of admitted) {
      const { from, windowBytes } = sequence;
      const source = from ? runner.restore(from) : read[unread.indexOf(sequence)]!;
      runner.join(source);
      const steps = from ? 0 : sequence.steps;
      running.push({ sequence, source, joinedAtMs, steps, windowBytes, ids: [startId] });
    }
    return unread.reduce((sum, { steps: count }) => sum + count, 0);
  }

  /** Advances one search by a step. @returns the indices of its rows that continue */
  function advance(entry: Running, first: number, logits: Float32Array, emit: Emit): readonly number[] {
    const { sequence, ids } = entry;
    const { decode, search, id } = sequence;
    const width = runner.outputWidth;
    const needsAttention = decode.returnAttention || decode.coveragePenalty !== 0;
    const attention = needsAttention ? ids.map((_, row) => runner.attention(first + row)!) : null;
    entry.steps++;
    try {
      const rowLogits = logits.subarray(first * width, (first + ids.length) * width);
      const {
        keep,
        ids: next,
        emitted,
        done,
      } = search.next(rowLogits, width, attention?.[0] ? attention : null);
      for (const token of emitted) {
        if (token.index < sequence.alreadyDelivered) continue;
        const event = { kind: 'token', ...token, text: tokens.at(token.id)!, top: [] } as const;
        emit(id, event);
        entry.windowBytes -= eventBytes(event);
      }
      if (done) {
        emit(id, { kind: 'decoded', hypotheses: done });
        emit(id, {
          kind: 'done',
          finish: done[0]?.finish ?? 'stop',
          steps: entry.steps,
          runMs: now() - entry.joinedAtMs,
          state: sequence.keepState
            ? { values: runner.memoryOf(entry.source), nextId: null, fedIds: [] }
            : null,
        });
      }
      entry.ids = next;
      if (done) return [];
      if (entry.windowBytes > 0) return keep;
      // a search has no state to save: it starts again when its reader has caught up, and skips what was
      // delivered
      emit(id, { kind: 'preempted', resume: null });
      entry.ids = [];
      return [];
    } catch (error) {
      const known = error instanceof UnrollError;
      emit(id, {
        kind: 'failed',
        reason: known ? error.message : String(error),
        ...(known && { code: error.code }),
      });
      entry.ids = [];
      return [];
    }
  }

  /** Removes the rows that do not continue and releases the sources of searches that have ended. */
  function removeEnded(keptRows: readonly (readonly number[])[]): void {
    const from: number[] = [];
    let first = 0;
    running.forEach((_, i) => {
      for (const row of keptRows[i]!) from.push(first + row);
      first += counts[i]!;
    });
    runner.arrange(from);
    const ended = running.filter(({ ids }) => ids.length === 0);
    running = running.filter(({ ids }) => ids.length > 0);
    for (const { source } of ended) runner.release(source);
  }

  return {
    get waiting() {
      return queue.length;
    },
    get active() {
      return running.length;
    },
    get runnable() {
      return queue.length + running.length > 0;
    },
    grant(id, bytes) {
      const entry = running.find(({ sequence }) => sequence.id === id);
      if (entry) entry.windowBytes += bytes;
    },
    add: (sequence) => void queue.push(sequence),
    cancel(id) {
      queue = queue.filter((sequence) => sequence.id !== id);
      if (!running.some(({ sequence }) => sequence.id === id)) return;
      counts = running.map(({ ids }) => ids.length);
      const keptRows = running.map((entry) =>
        entry.sequence.id === id ? [] : entry.ids.map((_, row) => row),
      );
      for (const entry of running) if (entry.sequence.id === id) entry.ids = [];
      removeEnded(keptRows);
    },
    tick(emit) {
      const startedAtMs = now();
      const read = admit();
      if (running.length === 0) return null;
      counts = running.map(({ ids }) => ids.length);
      const logits = runner.step(running.flatMap(({ ids }) => ids));
      const rows = runner.rows;
      let first = 0;
      const keptRows = running.map((entry, i) => {
        const kept = advance(entry, first, logits, emit);
        first += counts[i]!;
        return kept;
      });
      const sequenceSteps = read + running.length;
      removeEnded(keptRows);
      return { rows, steps: read + rows, padding: 0, sequenceSteps, ms: now() - startedAtMs };
    },
  };
}
