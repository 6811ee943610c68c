import { execFileSync } from 'node:child_process';

/** The server's address in the pages. */
export const writtenUrl = 'http://127.0.0.1:8080';

/** A shell block that calls the server, and the block with its output. */
const example = /```sh\n([^`]*http:\/\/127\.0\.0\.1:8080[^`]*)```\n\n```(json|text)\n([^`]*)```/g;

const isProblem = (output: string): boolean => /"code":|"error":/.test(output);

/**
 * Runs every example of a page against a server and replaces the printed output.
 * @throws Error when a command fails, or an example that printed a result now prints an error
 */
export function runExamples(page: string, url: string): string {
  return page.replaceAll(example, (_, command: string, kind: string, before: string) => {
    const script = `set -euo pipefail\n${command.replaceAll(writtenUrl, url)}`;
    const output = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
      .trim()
      .replaceAll(url, writtenUrl);
    if (isProblem(output) && !isProblem(before))
      throw new Error(`an example prints an error:\n${command}${output}`);
    return `\`\`\`sh\n${command}\`\`\`\n\n\`\`\`${kind}\n${output}\n\`\`\``;
  });
}
