import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { changeKeys, generateKey, hashKey } from '../../src/access/keys-file.ts';
import { readEvents } from '../e2e/events.ts';
import { startServer, until, type ServerProcess } from '../e2e/server-process.ts';
import { itWithPython, runPython } from './run-python.ts';
import { jsonLines, records, servedModels, settings, taskRequests, trainingJob } from './served-models.ts';

// The Python client, against a server.

const folder = servedModels();
const work = mkdtempSync(join(tmpdir(), 'unroll-client-'));
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, settings);
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
  rmSync(work, { recursive: true });
});

const run = (code: string): Promise<unknown[]> => runPython(server.url, code);
/** A value as Python reads it. */
const inPython = (value: unknown): string => `json.loads(${JSON.stringify(JSON.stringify(value))})`;
const withoutUsage = (reply: unknown): object => ({ ...(reply as object), usage: null });
const noStreams = async (): Promise<boolean> =>
  (await server.metric('unroll_streams_open')) + (await server.metric('unroll_sequences_active')) === 0;

describe('tasks', () => {
  itWithPython('lists and shows models', async () => {
    const [names, shown] = await run(`
show([model["id"] for model in unroll.models.list()["data"]], unroll.models.show("writer@1"))
`);
    expect(names).toEqual(['classifier', 'names', 'numbers', 'tagger', 'writer']);
    expect(shown).toMatchObject({ task: 'generate', version: 1 });
  });

  for (const [task, model, body] of taskRequests)
    itWithPython(`${task} answers what the API does`, async () => {
      const [reply] = await run(`show(unroll.${task}("${model}", **${inPython(body)}))`);
      expect(withoutUsage(reply)).toEqual(
        withoutUsage(await server.ask(`/v1/models/${model}/${task}`, body)),
      );
    });

  itWithPython('embed answers what the API does', async () => {
    const [reply] = await run('show(unroll.embed("classifier", ["ab", "c"]))');
    const plain = await server.ask('/v1/models/classifier/embed', { input: ['ab', 'c'] });
    expect(withoutUsage(reply)).toEqual(withoutUsage(plain));
  });

  itWithPython('takes arrays, which have tolist()', async () => {
    const [plain, arrays, rows, refused] = await run(`
import array, struct
view = memoryview(struct.pack("4f", 1, 2, 3, 4.5)).cast("B").cast("f", (2, 2))
ask = lambda input: unroll.predict("numbers", input)["predictions"]
show(ask([[1, 2], [3, 4.5]]), ask(view), ask([array.array("f", [1, 2]), array.array("d", [3, 4.5])]))
try:
    ask({1j})
except TypeError as error:
    show(str(error))
`);
    expect(arrays).toEqual(plain);
    expect(rows).toEqual(plain);
    expect(refused).toBe('set is not JSON, and has no tolist()');
  });

  itWithPython('a number that is not finite is refused before it is sent', async () => {
    const [error] = await run(`
try:
    unroll.predict("numbers", [[float("nan"), 1]])
except ValueError as error:
    show(str(error))
`);
    expect(error).toMatch(/not JSON compliant/);
  });

  itWithPython('a state token goes on where a reply ended', async () => {
    const [whole, rest] = await run(`
input = [[1, 2], [3, 4], [5, 6]]
show(unroll.predict("numbers", input)["predictions"][0]["output"][2:])
state = unroll.predict("numbers", input[:2], return_state=True)["state"]
show(unroll.predict("numbers", input[2:], state=state)["predictions"][0]["output"])
`);
    expect(rest).toEqual(whole);
  });

  itWithPython('any other route is called by its path', async () => {
    expect(await run('show(unroll.call("GET", "/v1/models/writer/aliases"))')).toMatchObject([
      { object: 'list', data: [{ alias: 'default' }] },
    ]);
  });
});

describe('streams', () => {
  for (const [task, model, body] of taskRequests)
    itWithPython(`${task} has the events that another client reads`, async () => {
      const { events } = await readEvents(
        await server.post(`/v1/models/${model}/${task}`, { ...body, stream: true }),
      );
      const stable = (event: string | undefined, data: unknown) => [
        event,
        event === 'done' ? withoutUsage(data) : data,
      ];
      const read = (await run(`
for event, data in unroll.${task}_stream("${model}", **${inPython(body)}):
    show([event, data])
`)) as [string, unknown][];
      expect(read.map(([event, data]) => stable(event, data))).toEqual(
        events.map(({ event, data }) => stable(event, data)),
      );
    });

  itWithPython('a break ends it in the server', async () => {
    const result = await run(`
import time
for event in unroll.generate_stream("writer", max_tokens=1_000_000, timeout_ms=200_000):
    break
show(event.event)
while b"unroll_streams_open 0\\n" not in unroll._http.read("GET", "/metrics", accept="text/plain"):
    time.sleep(0.02)
show("ended while the program went on")
`);
    expect(result).toEqual(['token', 'ended while the program went on']);
    await until(noStreams);
  });

  itWithPython('a refusal is the error of the call', async () => {
    const [error] = await run('show(error_of(unroll.classify_stream, "classifier", ""))');
    expect(error).toMatchObject({ code: 'empty_input', status: 422 });
  });
});

describe('sessions', () => {
  itWithPython('go on call by call with the bits of one piece, and end with their block', async () => {
    const [whole, rows, events, position, gone] = await run(`
input = [[1, 2], [3, 4], [5, 6]]
show(unroll.predict("numbers", input)["predictions"][0]["output"])
with unroll.sessions.create("numbers", keep_steps=10) as session:
    rows = session.steps(input[:1])["predictions"][0]["output"]
    events = list(session.steps_stream(input[1:]))
    rows += events[-1].data["predictions"][0]["output"]
show(rows, [event.event for event in events], session.position, error_of(session.show))
`);
    expect(rows).toEqual(whole);
    expect(events).toEqual(['step', 'step', 'done']);
    expect(position).toBe(3);
    expect(gone).toMatchObject({ code: 'session_not_found', status: 404 });
  });

  itWithPython('are forked, marked and rewound', async () => {
    const shown = await run(`
session = unroll.sessions.create("writer", id="tale", keep_steps=10)
session.steps("abc")
show(session.mark("here")["marks"])
write = {"max_tokens": 5, "seed": 3}
text = session.steps(generate=write)["generations"]
show(session.position, session.rewind(steps=2)["position"])
session.rewind(mark="here")
show(session.position)
forks = session.fork(2)
show([fork.steps(generate=write)["generations"] == text for fork in forks])
show(session.remove_mark("here")["marks"], unroll.sessions.get("tale").position)
show(len(unroll.sessions.list(model="writer", limit=2)["data"]))
show(session.steps("de", return_="last", embed=True)["session"]["position"])
for one in [session, *forks]:
    one.delete()
`);
    expect(shown).toEqual([[{ name: 'here', position: 3 }], 8, 6, 3, [true, true], [], 3, 2, 5]);
  });

  itWithPython('are saved as bytes and restored', async () => {
    const shown = await run(`
with unroll.sessions.create("classifier") as session:
    session.steps("abc")
    snapshot = session.snapshot()
    following = session.steps("d")["predictions"]
    with unroll.sessions.restore("print", snapshot) as copy:
        show(type(snapshot).__name__, copy.id, copy.position, copy.steps("d")["predictions"] == following)
    show(session.restore(snapshot)["position"], session.position)
    show(error_of(session.restore, snapshot[:100])["code"])
`);
    expect(shown).toEqual(['bytes', 'print', 3, true, 3, 3, 'invalid_state']);
  });

  itWithPython('are as before after a stream that is left early', async () => {
    const [position, again] = await run(`
with unroll.sessions.create("writer") as session:
    session.steps("abc")
    for event in session.steps_stream(generate={"max_tokens": 100_000}):
        break
    show(session.steps("d", position=3)["session"]["position"])
    show(error_of(session.steps, "d", position=3))
`);
    expect(position).toBe(4);
    expect(again).toMatchObject({ status: 409, field: 'position' });
  });

  itWithPython('that have ended in their block, or whose block failed, change nothing about it', async () => {
    const shown = await run(`
with unroll.sessions.create("writer") as session:
    session.delete()
try:
    with unroll.sessions.create("writer") as session:
        raise KeyError("mine")
except KeyError as error:
    show(str(error), error_of(session.show)["code"])
`);
    expect(shown).toEqual(["'mine'", 'session_not_found']);
  });
});

describe('training', () => {
  itWithPython('uploads data, follows a job and serves its model', async () => {
    const job = trainingJob('civil', {});
    const [dataset, last, shown, label, same, rest, none, published, gone] = await run(`
dataset = unroll.datasets.upload(${inPython(jsonLines)}, format="jsonl", name="talk", task="classify")
show(dataset)
fields = ${inPython(job)}
fields["data"] = {"dataset": dataset["id"]}
job = unroll.jobs.create(**fields)["id"]
events = list(unroll.jobs.follow(job))
show(events[-1], unroll.jobs.show(job))
show(unroll.classify("civil", "thank you")["predictions"][0]["label"])
stored = [data for event, data in events if event != "progress"]
show(unroll.jobs.events(job, limit=1000)["data"] == stored)
show(len(list(unroll.jobs.follow(job, after=stored[-3]["id"]))), list(unroll.jobs.follow(job, after=stored[-1]["id"])))
best = [checkpoint for checkpoint in unroll.jobs.checkpoints(job)["data"] if checkpoint["best"]]
show([unroll.jobs.publish(job, checkpoint["step"])["published"] for checkpoint in best])
unroll.datasets.delete(dataset["id"])
show(error_of(unroll.datasets.show, dataset["id"]), unroll.datasets.list()["data"])
`);
    expect(dataset).toMatchObject({ format: 'jsonl', name: 'talk', records: records.length });
    expect(last).toMatchObject(['status', { data: { status: 'succeeded' } }]);
    expect(shown).toMatchObject({ status: 'succeeded', published: 'civil@1' });
    expect([label, same, rest, none, published]).toEqual(['thanks', true, 2, [], ['civil@1']]);
    expect(gone).toMatchObject({ code: 'dataset_not_found', status: 404 });
  });

  itWithPython('uploads bytes, files and pieces', async () => {
    const path = join(work, 'talk.jsonl');
    writeFileSync(path, jsonLines);
    const bytes = Buffer.byteLength(jsonLines);
    const shown = await run(`
data = ${inPython(jsonLines)}.encode()
for one in (data, open(${inPython(path)}, "rb"), iter([data[:7], data[7:]])):
    dataset = unroll.datasets.upload(one, format="jsonl")
    show(dataset["bytes"])
    unroll.datasets.delete(dataset["id"])
    hasattr(one, "close") and one.close()
with open(${inPython(path)}, encoding="utf-8") as file:
    try:
        unroll.datasets.upload(file, format="jsonl")
    except ValueError as error:
        show(str(error))
try:
    unroll.datasets.upload(b"", format="xml")
except ValueError as error:
    show(str(error))
show(error_of(unroll.datasets.upload, '{"text": "a"}\\n{', format="jsonl"))
`);
    expect(shown.slice(0, 5)).toEqual([
      bytes,
      bytes,
      bytes,
      "data: must be a file that is open for reading bytes, as with open(path, 'rb')",
      "format: must be one of jsonl, json, csv, tsv, text, was 'xml'",
    ]);
    expect(shown[5]).toMatchObject({ code: 'invalid_dataset', status: 422, errors: [{ field: 'line 2' }] });
  });

  itWithPython('pauses, resumes and cancels a job', async () => {
    const long = { ...trainingJob('never', { records }), budget: { epochs: 100_000 } };
    const [resumed, last, conflict, first] = await run(`
import time
job = unroll.jobs.create(**${inPython(long)})["id"]
for event, data in unroll.jobs.follow(job):
    if event == "progress":
        break
unroll.jobs.pause(job)
while unroll.jobs.show(job)["status"] != "paused":
    time.sleep(0.02)
show(unroll.jobs.resume(job)["status"] in ("queued", "running"))
unroll.jobs.cancel(job)
*_, last = unroll.jobs.follow(job)
show(last, error_of(unroll.jobs.resume, job), unroll.jobs.list(limit=1)["data"][0]["id"] == job)
`);
    expect([resumed, first]).toEqual([true, true]);
    expect(last).toMatchObject(['status', { data: { status: 'cancelled' } }]);
    expect(conflict).toMatchObject({ code: 'job_state_conflict', status: 409 });
  });
});

describe('errors', () => {
  itWithPython('have the code, the status and the field', async () => {
    const errors = await run(`
show(error_of(unroll.generate, "writer", temperature=-1))
show(error_of(unroll.models.show, "a/b?c"))
show(error_of(unroll.generate, "nobody"))
show(error_of(unroll.jobs.show, "job_1"))
show(error_of(unroll.generate, "classifier"))
show(error_of(unroll.call, "GET", "/v2/models/nobody"))
show(error_of(unroll.call, "POST", "/v1/completions", {"model": "nobody", "prompt": ""}))
`);
    expect(errors).toMatchObject([
      { status: 400, code: 'invalid_request', field: 'temperature' },
      { status: 400, code: 'invalid_model_name', field: 'model' },
      { status: 404, code: 'model_not_found', field: 'model' },
      { status: 404, code: 'job_not_found', field: null },
      { status: 409, code: 'wrong_task', field: 'model' },
      { status: 404, code: 'http_404' },
      { status: 404, code: 'model_not_found' },
    ]);
    for (const error of errors) expect((error as { text: string }).text).not.toBe('');
  });

  itWithPython('a name that is another route is refused here', async () => {
    const refused = await run(`
for name in ("", ".", ".."):
    try:
        unroll.models.show(name)
    except ValueError as error:
        show(str(error))
`);
    expect(refused).toEqual(["''", "'.'", "'..'"].map((name) => `model: must be a name, was ${name}`));
  });

  itWithPython(
    'a key is sent, and the rate of requests limited: 401, and 429 with a time to try again',
    async () => {
      const file = join(work, 'keys.json');
      const key = generateKey();
      const sha256 = hashKey(key).toString('hex');
      changeKeys(file, () => [{ name: 'a', sha256, scopes: ['infer'], created: '2026-01-01T00:00:00Z' }]);
      const strict = await startServer(folder.path, { API_KEYS_FILE: file, RATE_LIMIT: 2 });
      const [stranger, limited] = await runPython(
        strict.url,
        `
show(error_of(unroll.models.list))
known = Unroll(url, key=${inPython(key)})
for _ in range(2):
    known.models.list()
show(error_of(known.models.list))
`,
      );
      expect(stranger).toMatchObject({ code: 'unauthorized', status: 401 });
      expect(limited).toMatchObject({ code: 'rate_limited', status: 429 });
      expect((limited as { retry_after: number }).retry_after).toBeGreaterThan(0);
      await strict.stop();
    },
  );

  itWithPython('a server that is killed ends its streams with an error', async () => {
    const doomed = await startServer(folder.path, settings);
    const [error, count, failed] = await runPython(
      doomed.url,
      `
import os, signal
count = 0
def read():
    global count
    for event in unroll.generate_stream("writer", max_tokens=1_000_000, timeout_ms=200_000):
        count += 1
        if count == 10:
            os.kill(${doomed.process.pid!}, signal.SIGKILL)
show(error_of(read), count >= 10, error_of(unroll.models.list))
`,
    );
    expect(error).toMatchObject({ code: 'connection_lost', status: null });
    expect(count).toBe(true);
    expect(failed).toMatchObject({ code: 'connection_failed' });
  });
});
