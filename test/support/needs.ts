import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';

// Tests that need more than the repository. Where it is missing they are left out with a message; under CI their file fails.
// test/no-silent-skips.test.ts keeps every other way of leaving a test out of the suite.

function isAvailable(found: boolean, missing: string): boolean {
  if (!found && process.env['CI']) throw new Error(missing);
  if (!found) console.warn(`skipped: ${missing}`);
  return found;
}

/** `describe` where what it needs is found. @param missing what is missing otherwise, and how to get it */
export const describeWhere = (found: boolean, missing: string, title: string, tests: () => void): void => {
  describe.runIf(isAvailable(found, missing))(title, () => {
    tests();
  });
};

const found = new Map<string, boolean>();

/** Whether a program can be run. Files ask for the same one with each of their tests. */
function canRun(program: string): boolean {
  const known = found.get(program) ?? spawnSync(program, ['--version']).error === undefined;
  found.set(program, known);
  return known;
}

/** `it` where a program can be run. */
export function itWithProgram(
  { program, debianPackage }: { readonly program: string; readonly debianPackage: string },
  title: string,
  test: () => Promise<void>,
): void {
  const missing = `${program} is not installed (Debian: ${debianPackage})`;
  it.runIf(isAvailable(canRun(program), missing))(title, test);
}
