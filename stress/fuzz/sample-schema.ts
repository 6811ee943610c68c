import type { Random } from '../random.ts';
import { anyValue, numbers, strings } from './values.ts';

/** The part of JSON Schema that openapi.json uses. */
export interface Schema {
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

const deepestList = 7;

/**
 * Samples a value of a schema.
 * @param wild the probability that a value, at any depth, is arbitrary
 * @param resolve follows $ref
 */
export function sampleSchema(
  given: Schema,
  options: { readonly random: Random; readonly wild: number; readonly resolve: (schema: Schema) => Schema },
  depth = 0,
  key = '',
): unknown {
  const { random, wild, resolve } = options;
  const schema = resolve(given);
  const sample = (one: Schema, name = key): unknown => sampleSchema(one, options, depth + 1, name);
  if (random.chance(wild)) return anyValue(random);
  if (schema.enum) return random.pick(schema.enum);
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined && random.chance(0.2)) return schema.default;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return sample(random.pick(choices));
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((one) => sample(one))) as object;
  const type = typeof schema.type === 'object' ? random.pick(schema.type) : schema.type;
  switch (type ?? (schema.properties && 'object')) {
    case 'object': {
      const share = depth < 3 ? 0.35 : 0.1;
      const entries = Object.entries(schema.properties ?? {})
        .filter(([name]) => schema.required?.includes(name) || random.chance(share))
        .map(([name, one]) => [name, sample(one, name)]);
      if (entries.length === 0 && typeof schema.additionalProperties === 'object' && depth < 5)
        entries.push([
          random.pick(['hyperparameters.learning_rate', 'seed', 'budget.steps', 'x']),
          sample(schema.additionalProperties),
        ]);
      return Object.fromEntries(entries) as object;
    }
    case 'array':
      if (depth > deepestList) return [];
      return Array.from({ length: random.int(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, 4)) }, () =>
        sample(schema.items ?? {}),
      );
    case 'integer':
    case 'number': {
      const low = Math.max(schema.minimum ?? schema.exclusiveMinimum ?? 0, -1e6);
      const high = Math.max(low, Math.min(schema.maximum ?? 20, 20));
      const value = random.chance(0.1) ? random.pick(numbers) : low + random.next() * (high - low);
      return type === 'integer' ? Math.round(value) : value;
    }
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    case 'string':
      return key === 'model' ? `m${random.int(0, 5)}` : random.pick(strings);
    default:
      return anyValue(random);
  }
}
