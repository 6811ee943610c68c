import { expect, readExtensions, isError, type Asked, type Case } from './asked.ts';

// Triton's model repository and statistics extensions, asked of a server that says it has them.

interface Indexed {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
}
interface Duration {
  readonly count: number;
  readonly ns: number;
}
interface Statistics {
  readonly name: string;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly last_inference: number;
  readonly inference_stats: Readonly<Record<string, Duration>>;
  readonly batch_stats: readonly { batch_size: number; compute_infer: Duration }[];
}

/** A case that is passed over where the server has not the extension. */
const of = (extension: string, says: string, run: Case['run']): Case => ({
  says: `${extension}: ${says}`,
  async run(asked) {
    if ((await readExtensions(asked)).includes(extension)) await run(asked);
  },
});

const index = async ({ post }: Asked, body: object = {}): Promise<Indexed[]> =>
  JSON.parse((await post('/v2/repository/index', body)).bytes.toString()) as Indexed[];
const readStates = async (asked: Asked): Promise<string[]> =>
  (await index(asked)).filter(({ name }) => name === asked.metadata.name).map(({ state }) => state);
const statistics = async ({ get }: Asked, path: string): Promise<Statistics[]> =>
  ((await get(`${path}/stats`)).json()['model_stats'] ?? []) as Statistics[];
const sum = (all: readonly Statistics[], count: (one: Statistics) => number): number =>
  all.reduce((total, one) => total + count(one), 0);

export const extensionCases: readonly Case[] = [
  of('model_repository', 'the index lists the model as READY', async (asked) =>
    expect((await readStates(asked)).includes('READY'), 'it does not'),
  ),
  of('model_repository', 'the index of what is ready lists nothing else', async (asked) => {
    const list = await index(asked, { ready: true });
    expect(list.every(({ state }) => state === 'READY') && list.length > 0, 'it does');
  }),
  of('model_repository', 'loading and unloading a model that is not there are errors', async ({ post }) => {
    for (const what of ['load', 'unload'])
      isError(await post(`/v2/repository/models/no-such-model/${what}`, {}), 400, 499);
  }),
  of('statistics', 'those of the model name it, and count and time what they measure', async (asked) => {
    const list = await statistics(asked, asked.path);
    expect(list.length > 0 && list.every(({ name }) => name === asked.metadata.name), 'they name another');
    for (const { inference_stats: measured } of list)
      for (const what of ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output'])
        expect(
          measured[what] !== undefined && measured[what].count >= 0 && measured[what].ns >= 0,
          `${what} must have count and ns`,
        );
  }),
  of('statistics', 'those of all models have those of the model', async (asked) =>
    expect(
      (await statistics(asked, '/v2/models')).some(({ name }) => name === asked.metadata.name),
      'they have not',
    ),
  ),
  of('statistics', 'an inference adds to them, an execution and a time', async (asked) => {
    const { post, path, request } = asked;
    const before = await statistics(asked, path);
    const reply = await post(`${path}/infer`, request());
    expect(reply.status === 200, `status ${reply.status}`);
    const after = await statistics(asked, path);
    for (const [what, count] of [
      ['inference_count', (one) => one.inference_count],
      ['execution_count', (one) => one.execution_count],
      ['success', (one) => one.inference_stats['success']!.count],
      ['compute_infer', (one) => one.inference_stats['compute_infer']!.ns],
    ] as [string, (one: Statistics) => number][])
      expect(sum(after, count) > sum(before, count), `${what} stayed ${sum(after, count)}`);
    const last = Math.max(...after.map((one) => one.last_inference));
    expect(last > 1e12 && last < 1e14, `last_inference must be milliseconds since 1970, was ${last}`);
  }),
  of('statistics', 'those of a model that is not there are an error', async ({ get }) =>
    isError(await get('/v2/models/no-such-model/stats'), 400, 499),
  ),
];

/** These take the model out of service for a moment. */
export const controlCases: readonly Case[] = [
  of(
    'model_repository',
    'a model that is unloaded is not ready, and its inference an error',
    async (asked) => {
      const { get, post, path, metadata, request } = asked;
      const name = encodeURIComponent(metadata.name);
      const reply = await post(`/v2/repository/models/${name}/unload`, {});
      expect(reply.status === 200, `unload: status ${reply.status}`);
      expect(!(await readStates(asked)).includes('READY'), 'the index reports READY');
      expect((await get(`${path}/ready`)).status !== 200, '…/ready must not be 200');
      isError(await post(`${path}/infer`, request()), 400, 599);
    },
  ),
  of('model_repository', 'a model that is loaded again answers as before', async (asked) => {
    const { get, post, path, metadata, request, answer } = asked;
    const reply = await post(`/v2/repository/models/${encodeURIComponent(metadata.name)}/load`, {});
    expect(reply.status === 200, `load: status ${reply.status}: ${reply.bytes.toString().slice(0, 200)}`);
    expect((await readStates(asked)).includes('READY'), 'the index does not report READY');
    expect((await get(`${path}/ready`)).status === 200, '…/ready must be 200');
    const { outputs } = (await post(`${path}/infer`, request())).json();
    expect(JSON.stringify(outputs) === JSON.stringify(answer), 'it answered otherwise');
  }),
];
