import { createHash } from 'node:crypto';
import type { SequenceView } from '../operators/analysis/sequence-view.ts';
import type { Conversion } from './operators/view-to-network.ts';

// Verdicts of verification, by what was verified. They are kept in memory by whoever loads files, for as long as it
// runs: after an upgrade of Unroll the analysis may differ, so that a verdict on disk would have to be doubted.

/** The view that was verified with the conversion it was verified for, or why there is none. */
export type ViewVerdict =
  | {
      readonly view: SequenceView;
      readonly conversion: Conversion;
      /** The shortest length that the graph accepts. */
      readonly shortest: number;
    }
  | { readonly reason: string };

/** By the key of a file and what model.json says of it. */
export type ViewVerdicts = Map<string, ViewVerdict>;

/** The key of a file with its external files and the settings from a model.json. */
export function verdictKey(parts: Iterable<Uint8Array>, settings: object): string {
  const hash = createHash('sha256');
  for (const bytes of parts) hash.update(`${bytes.length}:`).update(bytes);
  return hash.update(JSON.stringify(settings)).digest('hex');
}
