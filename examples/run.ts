import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createParser } from 'eventsource-parser';
import { toProgress, type ProgressView } from '../src/cli/follow.ts';
import { createDisplay } from '../src/cli/progress-line.ts';
import type { Example, Trained, Upload } from './example.ts';

// Trains one of the shipped models through the training API of a server, measures it on held-out data, and
// writes the figures and its example into its model.json.   npm run example -- NAME --server http://127.0.0.1:8080 --models
// models

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:8080' },
    /** UNROLL_MODELS of that server. */
    models: { type: 'string', default: 'models' },
    /** Only measures: a version that is there already. */
    version: { type: 'string' },
  },
});
const names = readdirSync(import.meta.dirname).filter((folder) =>
  existsSync(join(import.meta.dirname, folder, 'example.ts')),
);
const [name = ''] = positionals;
if (!names.includes(name)) {
  console.error(
    `${name === '' ? '' : `there is no example ${name}\n`}usage: npm run example -- NAME [--server URL] [--models FOLDER] [--version NAME@VERSION]\nNAME is one of ${names.join(', ')}`,
  );
  process.exit(1);
}
const { example } = (await import(`./${name}/example.ts`)) as { example: Example };
const display = createDisplay(process.stdout);

const published = values.version ?? (await train());
const folder = join(values.models, ...published.split('@'));
const trained: Trained = { post: (path, body) => call('POST', path, body), folder };
const report = await example.report(trained);
console.log(JSON.stringify(report, null, 2));
const file = join(folder, 'model.json');
const { provenance, ...model } = JSON.parse(readFileSync(file, 'utf8')) as { provenance: object };
const described = { ...model, example: example.request, provenance: { ...provenance, ...report } };
writeFileSync(file, `${JSON.stringify(described, null, 2)}\n`);

/** @returns `name@version` of what was made */
async function train(): Promise<string> {
  const { training, validation } = example.data();
  const body = {
    ...example.job,
    data: { dataset: await upload(training) },
    ...(validation && { validation: { dataset: await upload(validation) } }),
  };
  const job = await call<{ id: string }>('POST', '/v1/training/jobs', body);
  await follow(job.id);
  const {
    status,
    published: made,
    error,
  } = await call<{ status: string; published: string; error: { message: string } }>(
    'GET',
    `/v1/training/jobs/${job.id}`,
  );
  if (status !== 'succeeded') throw new Error(`the job is ${status}: ${error?.message}`);
  return made;
}

async function upload({ type, text }: Upload): Promise<string> {
  const task = type === 'application/jsonl' ? `&task=${example.job.task}` : '';
  const response = await fetch(`${values.server}/v1/datasets?name=${name}${task}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: text,
  });
  return (await answerOf<{ id: string }>(response)).id;
}

/** Displays the job's events until it is over. */
async function follow(job: string): Promise<void> {
  const parser = createParser({
    onEvent({ event, data }) {
      const parsed = JSON.parse(data) as ProgressView & { message: string };
      if (event === 'progress') display.progress(toProgress(parsed));
      else if (event !== 'gradient_flow') display.line(parsed.message);
    },
  });
  const response = await fetch(`${values.server}/v1/training/jobs/${job}/events?stream=true`);
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) parser.feed(decoder.decode(chunk, { stream: true }));
  display.end();
}

async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const response = await fetch(`${values.server}${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return answerOf<T>(response);
}

async function answerOf<T>(response: Response): Promise<T> {
  const json = (await response.json()) as T & { detail?: string };
  if (!response.ok) throw new Error(`${response.status}: ${json.detail}`);
  return json;
}
