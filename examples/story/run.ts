import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { call } from '../call.ts';

// A story that is told in turns: the model writes several ways on, each in a fork of the session, the player takes one,
// or writes a line, and may go back to every choice.
//   npm start, and   node examples/story/run.ts --model moby

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:8080' },
    model: { type: 'string', default: 'moby' },
    ways: { type: 'string', default: '3' },
    tokens: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
interface Session {
  readonly id: string;
}
interface Written {
  readonly generations: readonly { readonly text: string }[];
}
const ask = <T>(method: string, path: string, body?: object): Promise<T> =>
  call<T>(values.server, method, `/v1/sessions${path}`, body);

const session = (await ask<Session>('POST', '', { model: values.model })).id;
const marks: { readonly name: string; readonly text: string }[] = [];
const maxMarks = 32;
let choices = 0;
let text = '';
let seed = Number(values.seed);
const input = createInterface({ input: process.stdin, terminal: process.stdin.isTTY });
const lines = input[Symbol.asyncIterator]();

/** The ways on, each written in a fork. @returns the forks and their texts */
async function proposeWays(): Promise<{ id: string; text: string }[]> {
  const count = Number(values.ways);
  const { data } = await ask<{ data: Session[] }>('POST', `/${session}/fork`, { count });
  return Promise.all(
    data.map(async ({ id }) => {
      const generate = { max_tokens: Number(values.tokens), temperature: 0.8, seed: seed++ };
      const { generations } = await ask<Written>('POST', `/${id}/steps`, { generate });
      return { id, text: generations[0]!.text };
    }),
  );
}

/** Leaves the ways that were not taken. */
const forget = (ids: readonly string[]): Promise<unknown> =>
  Promise.all(ids.map((id) => ask('DELETE', `/${id}`)));

console.log('a number takes a way on, "back" undoes, "end" ends, anything else is told as it is');
await ask('POST', `/${session}/steps`, { input: '\n' });
for (let ended = false; !ended;) {
  const ways = await proposeWays();
  for (const [i, way] of ways.entries()) console.log(`${i + 1}) ${way.text.replaceAll('\n', ' ')}`);
  process.stdout.write('> ');
  const { value: line = 'end', done } = await lines.next();
  const chosen = ways[Number(line) - 1];
  if (done || line === 'end') ended = true;
  else if (line === 'back') {
    const last = marks.pop();
    if (last) {
      await ask('POST', `/${session}/rewind`, { mark: last.name });
      text = last.text;
    }
  } else {
    // a session has 32 marks: the oldest choices are final
    if (marks.length === maxMarks) await ask('DELETE', `/${session}/marks/${marks.shift()!.name}`);
    const name = `choice-${choices++}`;
    await ask('POST', `/${session}/marks`, { name });
    marks.push({ name, text });
    // the marks are the session's: it is told what its fork has written
    const told = chosen?.text ?? ` ${line}`;
    await ask('POST', `/${session}/steps`, { input: told });
    text += told;
  }
  await forget(ways.map(({ id }) => id));
  if (!ended) console.log(`\n${text}\n`);
}
await ask('DELETE', `/${session}`);
input.close();
