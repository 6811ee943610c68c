import type { SequenceReport } from './channel/messages.ts';

// Flow control between workers and readers. Each sequence has a window: the bytes that its worker has sent
// and its reader has not read never exceed the window by more than one report. A sequence whose window is
// used up is stalled; bytes that the reader has read are granted to the worker again.

/** Maximum bytes of a sequence's events that are in transit or unread. */
export const windowBytes = 1 << 16;
/** Unread bytes at or below which a paused sequence is queued again. */
export const resumeBytes = windowBytes / 4;
/** Minimum bytes that are granted to the worker in one message. */
export const grantBytes = windowBytes / 4;
/** Maximum bytes of outputs in one report of a causal network, unless a single step is larger. */
export const outputsBytes = windowBytes / 2;

type Events = Extract<
  SequenceReport,
  { kind: 'outputs' | 'inside' | 'token' | 'text' | 'decoded' | 'tensors' }
>;

/** Estimates the bytes of an event in the main thread's heap. Strings have one or two bytes a character. */
export function eventBytes(event: Events): number {
  switch (event.kind) {
    case 'token':
      return 200 + 2 * event.text.length + 120 * event.top.length;
    case 'text':
      return 200 + 2 * event.text.length;
    case 'outputs':
    case 'inside':
      return 320 + event.values.byteLength;
    case 'tensors':
      return event.tensors.reduce((sum, { values }) => sum + 320 + values.byteLength, 0);
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
