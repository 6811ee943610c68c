import { createHash } from 'node:crypto';
import { UnrollError } from '../errors.ts';
import type { SequenceView } from '../operators/analysis/sequence-view.ts';
import type { ImportedNetwork } from './imported-network.ts';
import type { Conversion } from './operators/view-to-network.ts';

// Verdicts of verification, by what was verified. Whoever loads files keeps them (repository/kept-verdicts.ts).

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
export interface ViewVerdicts {
  get(key: string): ViewVerdict | undefined;
  set(key: string, verdict: ViewVerdict): unknown;
}

/** The key of a file with its external files and the settings from a model.json. */
export function verdictKey(parts: Iterable<Uint8Array>, settings: object): string {
  const hash = createHash('sha256');
  for (const bytes of parts) hash.update(`${bytes.length}:`).update(bytes);
  return hash.update(JSON.stringify(settings)).digest('hex');
}

/**
 * Converts a model with the verdict of an earlier time, where there is one, and keeps the verdict.
 * @param key of what is converted
 * @throws UnrollError as `convert` does
 */
export function withVerdict(
  verdicts: ViewVerdicts,
  key: string,
  convert: (known: ViewVerdict | undefined) => ImportedNetwork & { readonly verdict: ViewVerdict },
): ImportedNetwork {
  try {
    const { verdict, ...network } = convert(verdicts.get(key));
    verdicts.set(key, verdict);
    return network;
  } catch (error) {
    if (error instanceof UnrollError) verdicts.set(key, { reason: error.message });
    throw error;
  }
}
