import type { DecodeSettings } from './beam-options.ts';
import type { TaskInput } from './task-input.ts';

export interface DecodeBody extends DecodeSettings {
  /** Undefined where the call goes on from a source that was read before. */
  readonly input?: TaskInput | undefined;
  /** The log-probability of every token. */
  readonly logprobs?: boolean | undefined;
}
