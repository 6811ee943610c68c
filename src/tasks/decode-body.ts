import type { DecodeSettings } from './beam-options.ts';
import type { TaskInput } from './read-input.ts';

export interface DecodeBody extends DecodeSettings {
  readonly input: TaskInput;
  /** The log-probability of every token. */
  readonly logprobs?: boolean | undefined;
}
