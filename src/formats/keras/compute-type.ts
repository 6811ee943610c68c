import { asConfig, asText, type Config } from './keras-config.ts';

/**
 * The type of floats that a layer computes in: its dtype, or that of its policy. A policy `mixed_float16` computes
 * in float16. A dtype of integers is that of ids.
 */
export function getComputeType({ dtype }: Config): string {
  const name = typeof dtype === 'string' ? dtype : asText(asConfig(asConfig(dtype)['config'])['name']);
  const type = (name ?? 'float32').replace(/^mixed_/, '');
  return /^b?float\d+$/.test(type) ? type : 'float32';
}
