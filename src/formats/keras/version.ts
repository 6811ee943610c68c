import type { KerasModel } from './keras-model.ts';

// What differs between the libraries that wrote a file.

type Writer = Pick<KerasModel, 'version' | 'tfjs'>;

/** Keras within TensorFlow from 1.13 on, or Keras 3; not the separate Keras up to 2.3, nor TensorFlow.js. */
export const isTfKeras = ({ version, tfjs }: Writer): boolean =>
  tfjs !== true && (version === '2.2.4-tf' || isAtLeast(version, 2, version.endsWith('-tf') ? 3 : 4));

export const isKeras3 = ({ version, tfjs }: Writer): boolean => tfjs !== true && isAtLeast(version, 3, 0);

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
