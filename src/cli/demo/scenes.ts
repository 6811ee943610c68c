import { styleText } from 'node:util';
import type { Client } from '../../client/index.ts';
import type { SessionHandle } from '../../client/session.ts';
import { CommandError } from '../command-error.ts';
import type { Stage } from './stage.ts';

// What the shipped models do, each scene by calls of the API.

const texts = ['Alle Menschen sind frei und gleich', 'Tutti gli esseri umani nascono liberi'];
const sentence = 'The old ship sails into the wind .';
const beginning = 'The white whale ';
const writing = { max_tokens: 52, temperature: 0.5 };

/** Plays all scenes. @throws CommandError where a model is missing */
export async function playScenes(client: Client, where: string, stage: Stage): Promise<void> {
  const { data } = await client.models.list();
  const missing = ['language', 'brown-tagger', 'moby'].filter((name) => !data.some(({ id }) => id === name));
  if (missing.length > 0)
    throw new CommandError(
      `${where}: has no ${missing.join(', ')}. The demo needs the shipped models: name another server with --server, or a free port with UNROLL_PORT`,
    );
  await classify(client, stage);
  await tag(client, stage);
  await generate(client, stage);
  await session(client, stage);
}

async function classify(client: Client, stage: Stage): Promise<void> {
  await stage.title('classify: which language, letter by letter');
  for (const input of texts) {
    const letters = [...input];
    let last = '';
    for await (const { event, data } of client.classifyStream('language', { input }))
      if (event === 'step') {
        const read = letters.slice(0, data.step + 1).join('');
        const label = styleText('green', `${data.label} ${(data.score * 100).toFixed(0)} %`);
        last = `  ${read.padEnd(input.length + 2)}${label}`;
        await stage.redraw(last);
      }
    await stage.line(last);
  }
}

async function tag(client: Client, stage: Stage): Promise<void> {
  await stage.title('tag: parts of speech');
  await stage.write('  ');
  for await (const { event, data } of client.tagStream('brown-tagger', { input: sentence }))
    if (event === 'token') await stage.write(`${data.text}${styleText('green', `/${data.label}`)} `);
  await stage.line();
}

async function generate(client: Client, stage: Stage): Promise<void> {
  await stage.title('generate: each character as it is drawn');
  await stage.write(`  ${styleText('bold', beginning)}`);
  for await (const { event, data } of client.generateStream('moby', {
    prompt: beginning,
    ...writing,
    seed: 6,
  }))
    if (event === 'token') await stage.write(data.text);
  await stage.line();
}

async function session(client: Client, stage: Stage): Promise<void> {
  await stage.title('session: a state that is kept, marked, forked and rewound');
  const one = await client.sessions.create({ model: 'moby' });
  const made = [one];
  try {
    await one.steps({ input: beginning });
    await one.mark('here');
    await stage.line(`  read     ${styleText('bold', beginning)}and marked here, at ${one.position}`);
    const [fork] = await one.fork();
    made.push(fork!);
    const first = await go(one, 'go on', 3, stage);
    await go(fork!, 'a fork', 2, stage);
    await one.rewind({ mark: 'here' });
    const again = await go(one, 'rewound', 3, stage);
    if (first !== again) throw new CommandError(`the session answered ${again} after ${first}`);
    await stage.line(styleText('green', '  ✓ the same state, the same bits'));
  } finally {
    for (const each of made) await each.delete();
  }
}

/** @returns what the session wrote */
async function go(from: SessionHandle, name: string, seed: number, stage: Stage): Promise<string> {
  let text = '';
  await stage.write(`  ${styleText('dim', name.padEnd(9))}`);
  for await (const event of from.stepsStream<'generate'>({ generate: { ...writing, seed } }))
    if (event.event === 'token') {
      text += event.data.text;
      await stage.write(event.data.text);
    }
  await stage.line();
  return text;
}
