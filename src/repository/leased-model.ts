import type { Lease, ServedModel } from './repository-interface.ts';

/** A loaded model and the requests that use it. Once retired, it is unloaded when the last of them ends. */
export interface LeasedModel {
  readonly model: ServedModel;
  lease(): Lease;
  retire(): void;
}

export function createLeasedModel(model: ServedModel, unload: () => void): LeasedModel {
  let leases = 0;
  let retired = false;
  return {
    model,
    lease() {
      let held = true;
      leases++;
      return {
        model,
        release() {
          if (!held) return;
          held = false;
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
