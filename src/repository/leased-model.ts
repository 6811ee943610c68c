import type { Lease, AnyModel } from './repository-interface.ts';

/** A loaded model with its leases. After `retire` it is unloaded as soon as the last lease is released. */
export interface LeasedModel {
  readonly model: AnyModel;
  lease(): Lease;
  retire(): void;
}

export function createLeasedModel(model: AnyModel, unload: () => void): LeasedModel {
  let leases = 0;
  let retired = false;
  return {
    model,
    lease() {
      let active = true;
      leases++;
      return {
        model,
        release() {
          if (!active) return;
          active = false;
          leases--;
          if (retired && leases === 0) unload();
        },
      };
    },
    retire() {
      if (retired) return;
      retired = true;
      if (leases === 0) unload();
    },
  };
}
