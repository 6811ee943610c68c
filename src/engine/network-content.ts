import { packTokens } from '../vocabulary/token-table.ts';
import type { NetworkContent } from './channel/messages.ts';
import type { LoadOptions } from './engine-interface.ts';
import type { Placement } from './placement.ts';

/** A placed network as it is sent to the workers. */
export function createContent(
  { compiled, size, decoder }: Placement,
  { tokens, startId, endId }: LoadOptions,
): NetworkContent {
  const packed = tokens && 'slots' in tokens ? tokens : packTokens(tokens ?? []);
  return { kind: 'network', compiled, size, decoder, tokens: packed, startId, endId };
}
