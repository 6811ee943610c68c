/** A sequence of a network that is not causal, which runs whole in one tick. */
export interface WaitingWhole {
  readonly steps: number;
  /** Ticks in which sequences that came later went before it. */
  passedOver: number;
}

/** A sequence that was passed over so often goes first. */
const maxPassedOver = 4;

/**
 * Takes the sequences of one tick from the queue: the shortest ones, whose callers would otherwise wait for the longest of
 * the batch, unless the oldest has waited for too many ticks. Rows of similar lengths also fill a batch to its end.
 * @param queue in the order of arrival; those that are taken are removed
 * @param rows at most so many
 * @param steps at most so many together, but always one sequence where `mustTake`
 */
export function takeWhole<T extends WaitingWhole>(
  queue: T[],
  { rows, steps, mustTake }: { readonly rows: number; readonly steps: number; readonly mustTake: boolean },
): T[] {
  if (queue.length === 0 || rows === 0) return [];
  const order = queue.toSorted(
    (a, b) => Number(isDue(b)) - Number(isDue(a)) || (isDue(a) ? 0 : a.steps - b.steps),
  );
  const taken = new Set<T>();
  let left = steps;
  for (const one of order) {
    left -= one.steps;
    if (taken.size === rows || (left < 0 && !(mustTake && taken.size === 0))) break;
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
