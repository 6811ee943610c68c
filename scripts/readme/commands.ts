import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatCurl } from '../../src/http/example-call.ts';
import { writtenUrl } from './examples.ts';

const models = join(import.meta.dirname, '../../models');

/** A model whose example is called, what its output is piped into, and the block that the command is written into. */
const marker = /<!-- call ([\w-]+)((?: \|[^>]*?)?) -->\n```sh\n[^`]*```/g;

/** Writes the commands that call shipped models, of the examples in their `model.json`. */
export const fillCommands = (page: string): string =>
  page.replaceAll(marker, (_, name: string, pipe: string) => {
    const { task, example } = JSON.parse(readFileSync(join(models, name, '1/model.json'), 'utf8')) as {
      task: string;
      example: Record<string, unknown>;
    };
    const path = `/v1/models/${name}/${task}`;
    const command = formatCurl(writtenUrl, { path, body: example }, false).replace(' -d ', ' \\\n  -d ');
    return `<!-- call ${name}${pipe} -->\n\`\`\`sh\n${command}${pipe}\n\`\`\``;
  });
