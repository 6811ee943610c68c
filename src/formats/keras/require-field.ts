import { invalidModel, quote } from '../format-errors.ts';
import type { Config } from './keras-config.ts';

/** Checks a field whose effect is not supported. @throws UnrollError invalid_model when it is neither missing nor one of `values` */
export function requireField(config: Config, field: string, values: readonly unknown[]): void {
  const given = config[field];
  const value: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (value !== undefined && value !== null && !values.includes(value))
    invalidModel(`${field} ${quote(given)}${values.length > 0 ? `, must be ${quote(values[0])}` : ''}`);
}
