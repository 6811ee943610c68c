import { parseArgs } from 'node:util';
import { fetch } from 'undici';
import { conformance } from '../test/conformance/conformance.ts';

// npm run conformance -- URL [--model NAME] [--parameters '{"seed": 1}'] [--control]: checks a server's
// conformance to the Open Inference Protocol from outside. --control also unloads and reloads the model.

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    parameters: { type: 'string', default: '{}' },
    control: { type: 'boolean', default: false },
  },
});
const url = positionals[0]?.replace(/\/$/, '');
if (!url) {
  console.error('npm run conformance -- URL [--model NAME] [--parameters JSON] [--control]');
  process.exit(2);
}
const first = async (): Promise<string> => {
  const reply = await fetch(`${url}/v2/repository/index`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const list = (await reply.json()) as { name: string; state: string }[];
  return list.find(({ state }) => state === 'READY')!.name;
};
const model = values.model ?? (await first());
const results = await conformance({
  url,
  model,
  parameters: JSON.parse(values.parameters) as Record<string, unknown>,
  control: values.control,
});
for (const { says, wrong } of results)
  console.log(wrong === null ? `ok      ${says}` : `WRONG   ${says}\n        ${wrong}`);
const failed = results.filter(({ wrong }) => wrong !== null).length;
console.log(`${model} at ${url}: ${results.length - failed} of ${results.length} as the protocol has it`);
process.exitCode = failed > 0 ? 1 : 0;
