// Two contenders in turns, so that a machine that slows down slows both.

export interface Comparison {
  /** Milliseconds of one call, a value a round. */
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

type Work = () => unknown;

const warmUpRounds = 2;
const leastMillisecondsARound = 15;

/** Each round times one contender, then the other; the order turns round every time. */
export async function compareInTurns(ours: Work, theirs: Work, rounds: number): Promise<Comparison> {
  const calls = Math.max(1, Math.ceil(leastMillisecondsARound / (await time(theirs, 1))));
  const comparison = { ours: [] as number[], theirs: [] as number[] };
  for (let round = -warmUpRounds; round < rounds; round++) {
    const oursFirst = round % 2 === 0;
    const early = await time(oursFirst ? ours : theirs, calls);
    const late = await time(oursFirst ? theirs : ours, calls);
    if (round < 0) continue;
    comparison.ours.push(oursFirst ? early : late);
    comparison.theirs.push(oursFirst ? late : early);
  }
  return comparison;
}

async function time(work: Work, calls: number): Promise<number> {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await work();
  return (performance.now() - start) / calls;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
