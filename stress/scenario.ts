// The interface between scenarios and the runner.

export interface ScenarioOptions {
  readonly seed: number;
  /** Time limit; Infinity if `rounds` or `requests` limits the scenario. */
  readonly seconds: number;
  readonly rounds: number;
  readonly requests: number;
  readonly streams: number;
  /** engine: also run the golden files of other formats. */
  readonly imported: boolean;
}

export interface Report {
  /** Reports a fault. The first of each kind are printed at once. */
  fault(kind: string, detail: string): void;
  count(what: string, times?: number): void;
  readonly faults: number;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Share of the run's time, relative to the other scenarios. */
  readonly share: number;
  run(options: ScenarioOptions, report: Report): Promise<void>;
}

/** Number of faults of a kind that are printed. */
const maxPrintedPerKind = 3;

/** @param print called with the lines about faults */
export function createReport(
  scenario: string,
  seed: number,
  print: (line: string) => void = console.log,
): Report & { counts: ReadonlyMap<string, number> } {
  const counts = new Map<string, number>();
  const kinds = new Map<string, number>();
  let faults = 0;
  return {
    counts,
    get faults() {
      return faults;
    },
    count: (what, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times),
    fault(kind, detail) {
      faults++;
      const seen = (kinds.get(kind) ?? 0) + 1;
      kinds.set(kind, seen);
      counts.set(`FAULT ${kind}`, seen);
      if (seen <= maxPrintedPerKind) print(`FAULT ${scenario} (seed ${seed}): ${kind}\n  ${detail}`);
      else if (seen === maxPrintedPerKind + 1)
        print(`FAULT ${scenario}: ${kind}: further ones are only counted`);
    },
  };
}
