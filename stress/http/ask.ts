import type { Agent } from 'node:http';
import type { Random } from '../random.ts';
import type { Report } from '../scenario.ts';
import { jsonOf, postJson, type Reply } from '../server/request.ts';
import type { Call } from './questions.ts';
import { readStream, streamProblem } from './read-stream.ts';
import { hangUp, readSlowly } from './sockets.ts';

export interface AskOptions {
  readonly port: number;
  readonly agent: Agent;
  readonly random: Random;
  readonly report: Report;
  readonly calls: readonly Call[];
  /** Each call's answers when nothing else ran, as JSON. */
  readonly alone: ReadonlyMap<Call, string>;
}

const timeoutMs = 150_000;

/** Makes one call: plain, in a list with others, streamed, read slowly, or left before its end. */
export async function ask(options: AskOptions): Promise<void> {
  const { port, agent, random, report } = options;
  const call = random.pick(options.calls);
  const { path, body } = call;
  const stream = { ...body, stream: true };
  const way = random.next();
  if (way < 0.45) {
    const reply = await postJson(port, path, body, { agent, timeoutMs });
    if (isOk(reply, call, report)) compare(call, jsonOf(reply)[call.answers], 'plain', options);
  } else if (way < 0.6 && typeof body['input'] === 'string' && body['beam_size'] === undefined && !body['n'])
    await askInList(call, options);
  else if (way < 0.78 && call.streams) {
    const reply = await postJson(port, path, stream, { agent, timeoutMs });
    if (isOk(reply, call, report)) compareStream(call, reply.body, 'streamed', options);
  } else if (way < 0.83 && call.streams)
    compareStream(call, await readSlowly(port, path, stream, random.int(1, 15)), 'read slowly', options);
  else {
    await hangUp(port, path, call.streams && random.chance(0.5) ? stream : body, random.int(0, 40));
    report.count('hung up');
  }
}

/** The call's input among others of the same model. */
async function askInList(call: Call, options: AskOptions): Promise<void> {
  const { port, agent, random, report, calls } = options;
  const same = calls.filter(({ path, body }) => path === call.path && typeof body['input'] === 'string');
  const list = Array.from({ length: random.int(2, 6) }, (_, i) => (i === 0 ? call : random.pick(same)));
  const body = { ...call.body, input: list.map((one) => one.body['input']) };
  const reply = await postJson(port, call.path, body, { agent, timeoutMs });
  if (!isOk(reply, call, report)) return;
  const answers = jsonOf(reply)[call.answers] as unknown[];
  list.forEach((one, index) => compare(one, [answers[index]], 'in a list', options));
}

function isOk(reply: Reply, call: Call, report: Report): boolean {
  if (reply.status === 200 && reply.error === null) return true;
  if (/workers that ran this sequence crashed/.test(reply.body)) {
    report.count('given up after deaths');
    return false;
  }
  const { code } = jsonOf(reply);
  report.fault(
    `${reply.error ?? reply.status} ${typeof code === 'string' ? code : ''}`.trim(),
    `${call.path} ${JSON.stringify(call.body).slice(0, 300)}: ${reply.body.slice(0, 300)}`,
  );
  return false;
}

function compareStream(call: Call, body: string, how: string, options: AskOptions): void {
  const events = readStream(body);
  const problem = streamProblem(events);
  if (problem !== null && /workers that ran this sequence crashed/.test(problem))
    return options.report.count('given up after deaths');
  if (problem === null) compare(call, events.at(-1)!.data[call.answers], how, options);
  else options.report.fault('wrong stream', `${how}: ${call.path} ${JSON.stringify(call.body)}: ${problem}`);
}

function compare(call: Call, answers: unknown, how: string, { alone, report }: AskOptions): void {
  report.count(how);
  const [expected, given] = [alone.get(call)!, JSON.stringify(answers)];
  if (given === expected) return;
  report.fault(
    'different answer',
    `${how}: ${call.path} ${JSON.stringify(call.body).slice(0, 300)}\n  ${given?.slice(0, 400)}\n  alone ${expected.slice(0, 400)}`,
  );
}
