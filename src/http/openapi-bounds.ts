/** Bounds that say no more than that a number is an integer, which zod gives every integer. */
const saysNothing: Readonly<Record<string, number>> = {
  maximum: Number.MAX_SAFE_INTEGER,
  minimum: Number.MIN_SAFE_INTEGER,
};

/** A document without the bounds that every integer has. */
export const removeSafeBounds = <Document>(document: Document): Document =>
  JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    Object.hasOwn(saysNothing, key) && saysNothing[key] === value ? undefined : value,
  ) as Document;
