import { join } from 'node:path';
import { expect } from 'vitest';
import { runProgram } from '../support/run-program.ts';
import { itWithProgram } from '../support/needs.ts';

const folder = join(import.meta.dirname, '../../clients/python');

/** `it` where there is a Python. */
export const itWithPython = (title: string, test: () => Promise<void>): void =>
  itWithProgram({ program: 'python3', debianPackage: 'python3' }, title, test);

/**
 * Runs a program that has the client's names, `url`, and `show`, which prints a value as a line of JSON.
 * @returns what it showed
 */
export async function runPython(url: string, code: string): Promise<unknown[]> {
  const opening = `
import json, sys
sys.path.insert(0, ${JSON.stringify(folder)})
from unroll import *
import unroll as module
url = ${JSON.stringify(url)}
unroll = Unroll(url)
def show(*values):
    for value in values:
        print(json.dumps(value), flush=True)
def error_of(call, *args, **fields):
    try:
        result = call(*args, **fields)
        # the error of a stream is that of its events
        if hasattr(result, "__next__"):
            list(result)
    except UnrollError as error:
        return {"code": error.code, "status": error.status, "field": error.field, "retry_after": error.retry_after, "errors": error.errors, "text": str(error)}
`;
  const { code: exit, output } = await runProgram('python3', ['-W', 'error', '-'], { input: opening + code });
  expect(exit, output).toBe(0);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
