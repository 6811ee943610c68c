/** The deadline `ms` from now, on the clock of SequenceRequest.deadlineMs. */
export const deadlineIn = (ms: number): number => performance.now() + ms;
