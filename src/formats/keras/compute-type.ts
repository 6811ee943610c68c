import { invalidModel } from '../format-errors.ts';
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

/**
 * Keras rounds after every operation of a half type, so that no other arithmetic gives its numbers.
 * @throws UnrollError invalid_model
 */
export function checkComputeType(type: string): void {
  if (type === 'float16' || type === 'bfloat16')
    invalidModel(
      `it computes in ${type}, and this server in float32, whose numbers would differ by thousandths: set its dtype_policy to "float32" in Keras and save the model again`,
    );
}
