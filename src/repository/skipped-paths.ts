/** What is in the models folder, but is not served, since it is not where a version must be. */
export interface SkippedPath {
  /** Relative to the root; a model's name where none of its versions can be found. */
  readonly path: string;
  /** A phrase that follows the path. */
  readonly reason: string;
}

/** Paths that are listed, and those that a line lists. */
const maxListed = 1000;
const maxInLine = 20;

const toLine = (skipped: readonly SkippedPath[]): string =>
  skipped
    .slice(0, maxInLine)
    .map(({ path, reason }) => `${path} ${reason}`)
    .join('; ');

/** A line for the log; empty where nothing is skipped. */
export const describeSkipped = (skipped: readonly SkippedPath[]): string =>
  skipped.length === 0 ? '' : `${skipped.length} paths are skipped: ${toLine(skipped)}`;

/** Why there is no model of a name. */
export function describeMissing(name: string, skipped: readonly SkippedPath[]): string {
  const reason = skipped.find(({ path }) => path === name)?.reason;
  return reason === undefined
    ? `there is no model ${name}`
    : `there is no model ${name}: its folder ${reason}`;
}

/** A model of which no version can be found. @param skipped what is in its folder */
export const toModel = (name: string, skipped: readonly SkippedPath[]): SkippedPath => ({
  path: name,
  reason: `has no folder of a version, such as ${name}/1${skipped.length > 0 ? `; ${toLine(skipped)}` : ''}`,
});

export const limitSkipped = (skipped: readonly SkippedPath[]): readonly SkippedPath[] =>
  skipped.length <= maxListed
    ? skipped
    : [
        ...skipped.slice(0, maxListed),
        { path: '…', reason: `${skipped.length - maxListed} more are not where a version must be` },
      ];
