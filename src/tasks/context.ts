import type { Engine } from '../engine/engine-interface.ts';
import type { Repository } from '../repository/repository-interface.ts';

/** What every task works with; built once in server.ts. */
export interface TaskContext {
  readonly engine: Engine;
  readonly repository: Repository;
  readonly limits: TaskLimits;
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

/** What a request brings besides its body. */
export interface Call {
  /** `name` or `name@version`. */
  readonly reference: string;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  /** It is part of a request that is counted already. */
  readonly counted?: boolean | undefined;
  /** Bytes of the reply to sequences of these lengths, where it is not the task's own reply that is sent. */
  readonly replyBytes?: ((steps: readonly number[]) => number) | undefined;
}

/** One server-sent event of a task: what the transport writes. */
export interface TaskEvent {
  readonly event: string;
  /** Counted from 0 where it isn't said; null has none. */
  readonly id?: number | null;
  readonly data: object;
}
