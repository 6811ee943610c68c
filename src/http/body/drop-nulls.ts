import type { z } from 'zod';

// For an optional field, null is the same as leaving it out: clients in other languages send every field that
// they know. A valid body is not looked through for it: only what a schema has refused is.

/** What a schema refused, and where. */
interface Refusal {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  /** Of fields that the schema does not have. */
  readonly keys?: readonly string[] | undefined;
  /** Of each alternative, with paths from here. */
  readonly errors?: readonly (readonly Refusal[])[] | undefined;
}

/** Rounds of validation: a schema may look at some fields only once others are valid. */
const maxRounds = 3;

/** Validates a value; refused fields that are null are removed from it, and it is validated again. */
export function parseWithoutNulls<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> {
  return validateWithoutNulls(
    value,
    () => schema.safeParse(value),
    ({ error }) => error?.issues as readonly Refusal[] | undefined,
  );
}

/** The same with any validator. @param getRefusals undefined for a valid value */
export function validateWithoutNulls<Result>(
  value: unknown,
  validate: () => Result,
  getRefusals: (result: Result) => readonly Refusal[] | undefined,
): Result {
  let result = validate();
  for (let round = 0; round < maxRounds; round++) {
    const refusals = getRefusals(result);
    if (!refusals || !dropNulls(value, refusals, [])) return result;
    result = validate();
  }
  return result;
}

/** Removes the refused fields that are null. @returns whether there was one */
function dropNulls(value: unknown, refusals: readonly Refusal[], base: readonly PropertyKey[]): boolean {
  let dropped = false;
  for (const { path: own, keys, errors } of refusals) {
    const path = [...base, ...own];
    for (const alternative of errors ?? []) if (dropNulls(value, alternative, path)) dropped = true;
    if (keys) for (const key of keys) dropped = dropField(value, [...path, key]) || dropped;
    else dropped = dropField(value, path) || dropped;
  }
  return dropped;
}

function dropField(value: unknown, path: readonly PropertyKey[]): boolean {
  let owner: unknown = value;
  for (const key of path.slice(0, -1)) owner = getOwn(owner, key);
  const key = path.at(-1);
  if (key === undefined || Array.isArray(owner) || getOwn(owner, key) !== null) return false;
  return Reflect.deleteProperty(owner as object, key);
}

const getOwn = (owner: unknown, key: PropertyKey): unknown =>
  typeof owner === 'object' && owner !== null && Object.hasOwn(owner, key)
    ? (owner as Record<PropertyKey, unknown>)[key]
    : undefined;
