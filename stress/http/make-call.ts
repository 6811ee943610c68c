import type { Agent } from 'node:http';
import type { Random } from '../random.ts';
import type { Report } from '../scenario.ts';
import { parseReplyJson, postJson, type Reply } from '../server/request.ts';
import type { Call } from './calls.ts';
import { readStream, findStreamProblem } from './read-stream.ts';
import { hangUp, readSlowly } from './sockets.ts';

export interface CallOptions {
  readonly port: number;
  readonly agent: Agent;
  readonly random: Random;
  readonly report: Report;
  readonly calls: readonly Call[];
  /** Each call's results when run alone, as JSON. */
  readonly alone: ReadonlyMap<Call, string>;
}

const timeoutMs = 150_000;

/** Makes one call: plain, in a list with others, streamed, read slowly, or disconnected before its end. */
export async function makeCall(options: CallOptions): Promise<void> {
  const { port, agent, random, report } = options;
  const call = random.pick(options.calls);
  const { path, body } = call;
  const stream = { ...body, stream: true };
  const choice = random.next();
  if (choice < 0.45) {
    const reply = await postJson(port, path, body, { agent, timeoutMs });
    if (isOk(reply, call, report)) compare(call, parseReplyJson(reply)[call.resultField], 'plain', options);
  } else if (
    choice < 0.6 &&
    typeof body['input'] === 'string' &&
    body['beam_size'] === undefined &&
    !body['n']
  )
    await callInList(call, options);
  else if (choice < 0.78 && call.streams) {
    const reply = await postJson(port, path, stream, { agent, timeoutMs });
    if (isOk(reply, call, report)) compareStream(call, reply.body, 'streamed', options);
  } else if (choice < 0.83 && call.streams)
    compareStream(call, await readSlowly(port, path, stream, random.int(1, 15)), 'read slowly', options);
  else {
    await hangUp(port, path, call.streams && random.chance(0.5) ? stream : body, random.int(0, 40));
    report.count('hung up');
  }
}

/** The call's input among others of the same model. */
async function callInList(call: Call, options: CallOptions): Promise<void> {
  const { port, agent, random, report, calls } = options;
  const same = calls.filter(({ path, body }) => path === call.path && typeof body['input'] === 'string');
  const list = Array.from({ length: random.int(2, 6) }, (_, i) => (i === 0 ? call : random.pick(same)));
  const body = { ...call.body, input: list.map((one) => one.body['input']) };
  const reply = await postJson(port, call.path, body, { agent, timeoutMs });
  if (!isOk(reply, call, report)) return;
  const results = parseReplyJson(reply)[call.resultField] as unknown[];
  list.forEach((one, index) => compare(one, [results[index]], 'in a list', options));
}

function isOk(reply: Reply, call: Call, report: Report): boolean {
  if (reply.status === 200 && reply.error === null) return true;
  if (/workers that ran this sequence crashed/.test(reply.body)) {
    report.count('failed after killed workers');
    return false;
  }
  const { code } = parseReplyJson(reply);
  report.fault(
    `${reply.error ?? reply.status} ${typeof code === 'string' ? code : ''}`.trim(),
    `${call.path} ${JSON.stringify(call.body).slice(0, 300)}: ${reply.body.slice(0, 300)}`,
  );
  return false;
}

function compareStream(call: Call, body: string, mode: string, options: CallOptions): void {
  const events = readStream(body);
  const problem = findStreamProblem(events);
  if (problem !== null && /workers that ran this sequence crashed/.test(problem))
    return options.report.count('failed after killed workers');
  if (problem === null) compare(call, events.at(-1)!.data[call.resultField], mode, options);
  else options.report.fault('wrong stream', `${mode}: ${call.path} ${JSON.stringify(call.body)}: ${problem}`);
}

function compare(call: Call, results: unknown, mode: string, { alone, report }: CallOptions): void {
  report.count(mode);
  const [expected, given] = [alone.get(call)!, JSON.stringify(results)];
  if (given === expected) return;
  report.fault(
    'different result',
    `${mode}: ${call.path} ${JSON.stringify(call.body).slice(0, 300)}\n  ${given?.slice(0, 400)}\n  alone ${expected.slice(0, 400)}`,
  );
}
