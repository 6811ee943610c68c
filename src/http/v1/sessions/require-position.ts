import { UnrollError } from '../../../errors.ts';
import { positionOf } from '../../../sessions/session.ts';
import type { ContinuedCall } from '../../../sessions/session-call.ts';

/** @throws UnrollError session_conflict unless the session stands where the call expects it */
export function requirePosition(
  { continuation: { steps, pendingId } }: ContinuedCall,
  { position }: { readonly position?: number | undefined },
): void {
  const own = positionOf({ steps, pendingId });
  if (position !== undefined && position !== own)
    throw new UnrollError('session_conflict', `position: the session stands at ${own}, not at ${position}`, {
      field: 'position',
    });
}
