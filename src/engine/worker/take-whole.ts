/** A sequence of a network that is not causal, which runs whole in one tick. */
export interface WaitingWhole {
  readonly steps: number;
  /** Ticks in which sequences that came later went before it. */
  passedOver: number;
}

/** A sequence that was passed over so often is due. */
const maxPassedOver = 4;
/**
 * Rows from which more of them make a step no cheaper: the weights are read once for all rows, and with so many the
 * multiplications take longer than the reading.
 */
const efficientRows = 6;

export interface WholeLimits {
  /** Most rows. */
  readonly rows: number;
  /** Most steps together. */
  readonly steps: number;
  /** Most steps together while the tick has fewer than `efficientRows` rows. */
  readonly stepsOfFewRows: number;
  /** Whether one sequence is taken whatever its steps. */
  readonly mustTake: boolean;
  /** Whether those that are due go first, which every other tick does so that short ones do not wait for all of them. */
  readonly dueFirst: boolean;
}

/**
 * Takes the sequences of one tick from the queue: the shortest ones, whose callers would otherwise wait for the longest of
 * the batch; or the oldest of those that are due, and those whose lengths are most like its own. Rows of similar lengths fill
 * a batch to its end.
 * @param queue in the order of arrival; those that are taken are removed
 */
export function takeWhole<T extends WaitingWhole>(
  queue: T[],
  { rows, steps, stepsOfFewRows, mustTake, dueFirst }: WholeLimits,
): T[] {
  if (queue.length === 0 || rows === 0) return [];
  const length = (dueFirst && queue.find(isDue)?.steps) || 0;
  const taken = new Set<T>();
  let total = 0;
  for (const one of queue.toSorted((a, b) => Math.abs(a.steps - length) - Math.abs(b.steps - length))) {
    const limit = taken.size < efficientRows ? Math.max(steps, stepsOfFewRows) : steps;
    if (taken.size === rows || (total + one.steps > limit && !(mustTake && taken.size === 0))) break;
    total += one.steps;
    taken.add(one);
  }
  const last = queue.findLastIndex((one) => taken.has(one));
  const rest = queue.filter((one, i) => {
    if (taken.has(one)) return false;
    if (i < last) one.passedOver++;
    return true;
  });
  queue.splice(0, queue.length, ...rest);
  return [...taken];
}

const isDue = ({ passedOver }: WaitingWhole): boolean => passedOver >= maxPassedOver;
