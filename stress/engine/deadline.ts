/** A deadline so many milliseconds from now, on the clock of SequenceRequest.deadlineMs. */
export const deadlineIn = (ms: number): number => performance.now() + ms;
