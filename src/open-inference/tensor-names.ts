import type { ServedSpec } from '../repository/loader-messages.ts';

/** Maps the tensor names of a model's source file to the server's native names, and back. */
export interface TensorNames {
  readonly toNative: (name: string) => string;
  readonly toSource: (name: string) => string;
}

/**
 * Clients of an imported model use the names of its file. Inputs are accepted under their native names too; a
 * source name that is the native name of another tensor is not mapped.
 */
export function tensorNames({
  tensors,
  inputs,
  task,
}: Pick<ServedSpec, 'tensors' | 'inputs' | 'task'>): TensorNames {
  const native = new Set([
    'input',
    'ids',
    'lengths',
    'output',
    'label',
    'labels',
    'scores',
    'text',
    'tokens',
    'starts',
    'ends',
  ]);
  const output = task === 'predict' ? 'output' : task === 'classify' ? 'scores' : null;
  const pairs = [
    [inputs.kind === 'text' ? 'ids' : 'input', tensors?.input],
    [output, tensors?.output],
  ] as const;
  const sourceNames = new Map<string, string>();
  const nativeNames = new Map<string, string>();
  for (const [name, source] of pairs)
    if (name !== null && source !== undefined && !native.has(source) && !nativeNames.has(source)) {
      sourceNames.set(name, source);
      nativeNames.set(source, name);
    }
  return {
    toNative: (name) => nativeNames.get(name) ?? name,
    toSource: (name) => sourceNames.get(name) ?? name,
  };
}
