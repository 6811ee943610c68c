import type { AnyModel, ServedModel } from '../../src/repository/repository-interface.ts';

/** What runs on sequences of a folder that was read or loaded; throws the reason where nothing does. */
export function getSequence<T extends object>({ sequence }: { readonly sequence: T | string }): T {
  if (typeof sequence === 'string') throw new Error(sequence);
  return sequence;
}

/** A model that runs on sequences; throws the reason where it does not. */
export function servedModel(model: AnyModel): ServedModel {
  if (model.spec === null) throw new Error(model.reason);
  return model;
}
