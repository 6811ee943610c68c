import type { SequenceReport } from './channel/messages.ts';

// How far a worker may run ahead of a sequence's reader. Each sequence has a window: what its worker has sent and its
// reader has not taken never exceeds the window by more than one report. A worker that has used the window up lets the
// sequence rest; bytes that the reader takes are granted to the worker again.

/** Bytes of events that a sequence may have under way or unread. */
export const windowBytes = 1 << 16;
/** Unread bytes at which a sequence that was paused is queued again. */
export const resumeBytes = windowBytes / 4;
/** Bytes taken that are granted to the worker in one message. */
export const grantBytes = windowBytes / 4;
/** Bytes of outputs in one report of a causal network: it is given in as many steps as fit, at least one. */
export const outputsBytes = windowBytes / 2;

type Events = Extract<SequenceReport, { kind: 'outputs' | 'token' | 'decoded' }>;

/** Estimated bytes of an event in the main thread's heap. Strings have one or two bytes a character. */
export function eventBytes(event: Events): number {
  switch (event.kind) {
    case 'token':
      return 200 + 2 * event.text.length + 120 * event.top.length;
    case 'outputs':
      return 320 + event.values.byteLength;
    case 'decoded':
      return event.hypotheses.reduce(
        (sum, { ids, attention }) =>
          sum +
          320 +
          32 * ids.length +
          (attention?.reduce((bytes, row) => bytes + 200 + 4 * row.length, 0) ?? 0),
        0,
      );
  }
}
