// Times two contenders alternately, so that a machine that slows down slows both, in processor time of the process: other
// processes on the machine do not count.

export interface Comparison {
  /** Milliseconds of processor time of one call, one value for each round. */
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

type Work = () => unknown;

const warmUpRounds = 2;
const minRoundMs = 15;

/** Times both contenders in every round, in an order that alternates. */
export async function compareAlternating(ours: Work, peer: Work, rounds: number): Promise<Comparison> {
  const calls = Math.max(1, Math.ceil(minRoundMs / (await time(peer, 1))));
  const comparison = { ours: [] as number[], peer: [] as number[] };
  for (let round = -warmUpRounds; round < rounds; round++) {
    const oursFirst = round % 2 === 0;
    const early = await time(oursFirst ? ours : peer, calls);
    const late = await time(oursFirst ? peer : ours, calls);
    if (round < 0) continue;
    comparison.ours.push(oursFirst ? early : late);
    comparison.peer.push(oursFirst ? late : early);
  }
  return comparison;
}

async function time(work: Work, calls: number): Promise<number> {
  const start = process.cpuUsage();
  for (let call = 0; call < calls; call++) await work();
  const { user, system } = process.cpuUsage(start);
  return Math.max(1, user + system) / 1000 / calls;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
