import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import { findTensorPath } from '../../open-inference/infer-any.ts';
import type { AnyModel } from '../../repository/repository-interface.ts';
import type { ContinuedCall, SessionCall } from '../../sessions/session-call.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { toStoredId } from '../../sessions/session-id.ts';
import type { SessionOwner } from '../../sessions/session.ts';
import { invalidField } from '../../tasks/invalid-field.ts';

// Triton's sequences: requests with a sequence_id go on with one another. Each sequence is a session, whose id
// follows from the model's name and the sequence_id; ids are a name space of each caller.

/** Triton's parameters. Integers above 2⁵³ must be texts. */
const parameters = z.object({
  sequence_id: z.union([z.int().min(0), z.string().max(1024)]).optional(),
  sequence_start: z.boolean().optional(),
  sequence_end: z.boolean().optional(),
});
const names: ReadonlySet<string> = new Set(Object.keys(parameters.shape));

export interface SequencePart {
  readonly id: number | string;
  readonly start: boolean;
  readonly end: boolean;
}

/**
 * Reads the parameters of a sequence: null for a request that is a part of none, as Triton has it.
 * @throws UnrollError invalid_request, naming the parameter
 */
export function readSequencePart(given: Readonly<Record<string, unknown>>): SequencePart | null {
  const own = Object.fromEntries(
    Object.entries(given).filter(([name, value]) => names.has(name) && value !== null),
  );
  const { success, data, error } = parameters.safeParse(own);
  if (!success) {
    const { path, message } = error.issues[0]!;
    return invalidField(['parameters', ...path].join('.'), message);
  }
  const { sequence_id: id = 0, sequence_start: start = false, sequence_end: end = false } = data;
  if (id !== 0 && id !== '') return { id, start, end };
  // the state of what is no sequence would be lost without a word
  if (start || end)
    return invalidField('parameters.sequence_id', 'must be set with sequence_start and sequence_end');
  return null;
}

/** Parameters that are not of a sequence. */
export const withoutSequence = (given: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !names.has(name)));

const sessionId = (model: string, { id }: SequencePart): string =>
  `seq_${createHash('sha256')
    .update(JSON.stringify([model, id]))
    .digest('base64url')
    .slice(0, 32)}`;

/**
 * Runs a request as a part of its sequence. @param reference the model, with its version where the request
 * names one
 * @throws UnrollError session_not_found for a sequence that has not been started, session_conflict for one of
 * another version, session_unsupported
 */
export async function runInSequence<T>(
  sessions: Sessions,
  { model, reference }: { readonly model: string; readonly reference: string },
  part: SequencePart,
  caller: SessionOwner,
  call: SessionCall,
  work: (call: ContinuedCall) => Promise<T>,
): Promise<T> {
  const id = sessionId(model, part);
  const stored = toStoredId(caller.name, id);
  const label = JSON.stringify(part.id);
  if (part.start) {
    await ignoreMissing(sessions.remove(stored, caller));
    await sessions.create({ model: reference, id, fromFirstStep: true }, caller);
  }
  try {
    const { result } = await sessions.run(stored, caller, call, (continued) => {
      requireSequences(continued.model, reference);
      return work(continued);
    });
    if (part.end) await ignoreMissing(sessions.remove(stored, caller));
    return result;
  } catch (error) {
    if (error instanceof UnrollError && ['session_not_found', 'session_expired'].includes(error.code))
      throw new UnrollError(
        error.code,
        `parameters.sequence_id: ${model} has no sequence ${label}: its first request must have sequence_start`,
        { field: 'parameters.sequence_id' },
      );
    throw error;
  }
}

/** @throws UnrollError session_conflict, session_unsupported */
function requireSequences(model: AnyModel, reference: string): void {
  const own = `${model.name}@${model.version}`;
  if (reference.includes('@') && reference !== own)
    throw new UnrollError(
      'session_conflict',
      `the sequence was started with ${own}, the request is to ${reference}`,
    );
  requireTensorSteps(model, 'parameters.sequence_id');
}

/** Whether tensors can be a part of a sequence. @throws UnrollError session_unsupported */
export function requireTensorSteps(model: AnyModel, field: string): void {
  if (findTensorPath(model).kind !== 'graph') return;
  throw new UnrollError(
    'session_unsupported',
    `the tensors of ${model.name}@${model.version} are computed by its whole graph, which keeps no state: give the steps as input to /v1/sessions`,
    { field },
  );
}

async function ignoreMissing(removed: Promise<unknown>): Promise<void> {
  try {
    await removed;
  } catch (error) {
    if (!(error instanceof UnrollError && /^session_(not_found|expired)$/.test(error.code))) throw error;
  }
}
