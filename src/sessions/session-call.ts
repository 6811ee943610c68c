import type { Call } from '../tasks/context.ts';
import type { Continuation } from '../tasks/continuation.ts';

/** What a call in a session needs besides its model. */
export type SessionCall = Omit<Call, 'model' | 'continuation'>;
/** The call of a task that goes on from the session's state. */
export type ContinuedCall = Call & { readonly continuation: Continuation };
