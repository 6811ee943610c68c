import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { call } from '../call.ts';
import { readDays, toRow } from '../births/series.ts';

// A forecaster that is fed an observation a minute (--every, in seconds), and goes on where it was after a restart of
// itself or of the server: its session is durable, and a snapshot is kept in a file for another server.
//   npm start, and   node examples/forecast/run.ts --every 60

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:8080' },
    model: { type: 'string', default: 'births' },
    session: { type: 'string', default: 'births-forecast' },
    /** Kept after every observation; a server that does not know the session gets it back from here. */
    snapshot: { type: 'string', default: 'births-forecast.safetensors' },
    every: { type: 'string', default: '60' },
    /** Observations to feed; all by default. */
    count: { type: 'string', default: 'Infinity' },
  },
});
interface Session {
  readonly id: string;
  readonly position: number;
}
interface Fed {
  readonly predictions: readonly { readonly output: number[][] }[];
  readonly session: Session;
}
const path = `/v1/sessions/${values.session}`;

const response = await fetch(values.server + path);
if (!response.ok && ![404, 410].includes(response.status)) throw new Error(await response.text());
let { position } = response.ok ? ((await response.json()) as Session) : await begin();
console.log(`from observation ${position + 1}`);
const days = readDays();
for (let fed = 0; fed < Number(values.count) && position < days.length; fed++) {
  if (fed > 0) await delay(Number(values.every) * 1000);
  // a call that is repeated after its answer was lost is refused, since the session stands elsewhere then
  const body = { input: [toRow(days[position]!)], position };
  const { predictions, session } = await call<Fed>(values.server, 'POST', `${path}/steps`, body);
  const forecast = predictions[0]!.output.at(-1)!.slice(0, 7);
  console.log(
    `day ${position + 1}: ${days[position]!.births} births; next week ${forecast.map(Math.round).join(', ')}`,
  );
  position = session.position;
  await keepSnapshot();
}

/** From the snapshot, where there is one. */
async function begin(): Promise<Session> {
  if (!existsSync(values.snapshot))
    return call<Session>(values.server, 'POST', '/v1/sessions', {
      model: values.model,
      id: values.session,
      durable: true,
      ttl_s: 30 * 86_400,
    });
  const restored = await fetch(`${values.server}${path}/snapshot`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: readFileSync(values.snapshot),
  });
  if (!restored.ok) throw new Error(`${values.snapshot}: ${await restored.text()}`);
  return (await restored.json()) as Session;
}

async function keepSnapshot(): Promise<void> {
  const reply = await fetch(`${values.server}${path}/snapshot`);
  if (!reply.ok) throw new Error(await reply.text());
  writeFileSync(`${values.snapshot}.draft`, new Uint8Array(await reply.arrayBuffer()));
  renameSync(`${values.snapshot}.draft`, values.snapshot);
}
