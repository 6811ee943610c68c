// What a scenario is to the runner.

export interface ScenarioOptions {
  readonly seed: number;
  /** What the scenario may take; Infinity where `rounds` or `requests` says how much is to be done. */
  readonly seconds: number;
  readonly rounds: number;
  readonly requests: number;
  readonly streams: number;
  /** engine: the golden files of other formats too. */
  readonly imported: boolean;
}

export interface Report {
  /** Anything that must not happen. The first of each kind are printed at once. */
  fault(kind: string, detail: string): void;
  count(what: string, times?: number): void;
  readonly faults: number;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Of a run's time, beside the other scenarios'. */
  readonly share: number;
  run(options: ScenarioOptions, report: Report): Promise<void>;
}

/** Faults of a kind that are printed whole. */
const printedOfAKind = 3;

/** @param print takes the lines about faults */
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
      if (seen <= printedOfAKind) print(`FAULT ${scenario} (seed ${seed}): ${kind}\n  ${detail}`);
      else if (seen === printedOfAKind + 1)
        print(`FAULT ${scenario}: ${kind}: further ones are only counted`);
    },
  };
}
