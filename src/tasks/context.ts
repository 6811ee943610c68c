import type { Engine, SequenceRequest } from '../engine/engine-interface.ts';
import type { PrefixKey, PrefixStates } from './prefix/prefix-states.ts';
import type { Continuation } from './continuation.ts';
import type { Repository, ServedModel } from '../repository/repository-interface.ts';

/** The services and limits that every task works with; built once in server.ts. */
export interface TaskContext {
  readonly engine: Engine;
  readonly repository: Repository;
  readonly limits: TaskLimits;
  /** Null where none are kept. */
  readonly prefixes?: PrefixStates | null | undefined;
}

export interface TaskLimits {
  /** Steps of one sequence. */
  readonly maxSteps: number;
  /** Sequences of one request, choices counted. */
  readonly maxInputs: number;
  /** Tokens of one generation. */
  readonly maxTokens: number;
  /** Steps of one request, over all its sequences and beams. */
  readonly maxRequestSteps: number;
  /** Bytes of a reply, estimated before the work starts. */
  readonly maxReplyBytes: number;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly maxTimeoutMs: number;
}

/** When a request ends, when it begins where others wait too, and who is told what it took. */
export interface Deadlines {
  /** Whose texts those of the call may begin like, to start from their states; undefined for no one's. */
  readonly prefix?: PrefixKey | undefined;
  /** Where the call goes on from a state; it has one sequence then. */
  readonly continuation?: Continuation | undefined;
  /** Aborts when the caller disconnects. */
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  /** Called with what each sequence took that ended well. */
  readonly onSequenceEnd?: SequenceRequest['onEnd'];
  /** The calls that are not refused for load once one of them is admitted; the call alone by default. */
  readonly group?: object | undefined;
  /** 1 is first; 0, the default, is in the middle: see the engine's queue. */
  readonly priority?: number | undefined;
}

/** A request's model and limits, besides its body. */
export interface Call extends Deadlines {
  /** Leased by the caller of the task until the result is used. */
  readonly model: ServedModel;
  /**
   * Bytes of the reply to sequences of these lengths, where another reply than the task's own JSON is sent.
   */
  readonly replyBytes?: ((steps: readonly number[]) => number) | undefined;
  /** Called when a sequence of a stream has been submitted; it may have been refused. */
  readonly onSubmitted?: (() => void) | undefined;
}
