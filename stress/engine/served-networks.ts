import type { Engine, NetworkHandle } from '../../src/engine/engine-interface.ts';
import type { StressNetwork } from './networks.ts';

export interface Lease {
  readonly handle: NetworkHandle;
  release(): void;
}

/**
 * Loaded networks that can be swapped while in use: the old one is unloaded when its last lease is released.
 */
export interface ServedNetworks {
  readonly networks: readonly StressNetwork[];
  acquire(network: StressNetwork): Lease;
  swap(network: StressNetwork): Promise<void>;
}

interface Loaded {
  readonly handle: NetworkHandle;
  users: number;
  retired: boolean;
}

export async function serveNetworks(
  engine: Engine,
  networks: readonly StressNetwork[],
  unloadFailed: (error: Error) => void,
): Promise<ServedNetworks> {
  const loaded = new Map<StressNetwork, Loaded>();
  const load = async ({ spec, weights, options }: StressNetwork): Promise<Loaded> => ({
    handle: await engine.load(spec, weights, options),
    users: 0,
    retired: false,
  });
  for (const network of networks) loaded.set(network, await load(network));
  const unloadUnused = (one: Loaded): void => {
    if (one.retired && one.users === 0) engine.unload(one.handle).catch(unloadFailed);
  };
  return {
    networks,
    acquire(network) {
      const one = loaded.get(network)!;
      one.users++;
      return {
        handle: one.handle,
        release() {
          one.users--;
          unloadUnused(one);
        },
      };
    },
    async swap(network) {
      const next = await load(network);
      const old = loaded.get(network)!;
      loaded.set(network, next);
      old.retired = true;
      unloadUnused(old);
    },
  };
}
