import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseSource } from '../../../src/cli/pull/parse-source.ts';
import { pull, type PullOptions } from '../../../src/cli/pull/pull.ts';

const shipped = join(import.meta.dirname, '../../../models/births/1');
const onnx = readFileSync(join(import.meta.dirname, '../../golden/onnx-files/views/step-with-states.onnx'));
const spec = readFileSync(join(shipped, 'model.json'));
const weights = readFileSync(join(shipped, 'weights.safetensors'));

/** What the server has at each path; a function answers itself. */
const files = new Map<string, Buffer | string | RequestListener>();
let server: Server;
let url: string;
let models: string;
let asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    const found = files.get(request.url!);
    if (typeof found === 'function') return found(request, response);
    response.writeHead(
      found === undefined ? 404 : 200,
      found === undefined ? {} : { 'content-length': Buffer.byteLength(found) },
    );
    response.end(found);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  models = mkdtempSync(join(tmpdir(), 'unroll-pull-'));
  files.clear();
  asked = [];
});
afterEach(() => rmSync(models, { recursive: true }));

const get = (source: string, options: Partial<PullOptions> = {}) =>
  pull(parseSource(source, { HF_ENDPOINT: `${url}/hub`, AWS_ENDPOINT_URL: `${url}/s3` }), {
    models,
    maxBytes: 10_000_000,
    authorize: async () => ({}),
    onProgress: () => {},
    ...options,
  });

describe('unroll pull', () => {
  it('puts a file into the next version, with where it is from', async () => {
    files.set('/nets/steps.onnx', onnx);
    const digest = createHash('sha256').update(onnx).digest('hex');
    expect(await get(`${url}/nets/steps.onnx`, { sha256: digest })).toMatchObject({
      model: 'steps',
      version: 1,
      sha256: digest,
      bytes: onnx.length,
    });
    expect(await get(`${url}/nets/steps.onnx`)).toMatchObject({ version: 2 });
    expect(readdirSync(join(models, 'steps/1')).toSorted()).toEqual(['source.json', 'steps.onnx']);
    expect(readFileSync(join(models, 'steps/1/steps.onnx'))).toEqual(onnx);
    expect(JSON.parse(readFileSync(join(models, 'steps/1/source.json'), 'utf8'))).toMatchObject({
      source: `${url}/nets/steps.onnx`,
      sha256: digest,
    });
  });

  it('does not keep the query of a presigned URL', async () => {
    files.set('/steps.onnx?signature=secret', onnx);
    await get(`${url}/steps.onnx?signature=secret`);
    expect(readFileSync(join(models, 'steps/1/source.json'), 'utf8')).not.toContain('secret');
  });

  it('takes the weights beside a model.json, and gives it the name', async () => {
    files.set('/a/model.json', spec).set('/a/weights.safetensors', weights);
    expect(await get(`${url}/a/model.json`, { name: 'days' })).toMatchObject({
      model: 'days',
      task: 'predict',
    });
    expect(JSON.parse(readFileSync(join(models, 'days/1/model.json'), 'utf8'))).toMatchObject({
      name: 'days',
    });
    expect(readFileSync(join(models, 'days/1/weights.safetensors'))).toEqual(weights);
  });

  it('finds the model of a repository of a hub, all of one commit', async () => {
    const siblings = ['README.md', 'model.json', 'weights.safetensors'].map((rfilename) => ({ rfilename }));
    files.set('/hub/api/models/owner/births/revision/main', JSON.stringify({ sha: 'c0ffee', siblings }));
    files.set('/hub/owner/births/resolve/c0ffee/model.json', spec);
    files.set('/hub/owner/births/resolve/c0ffee/weights.safetensors', weights);
    expect(await get('hf:owner/births')).toMatchObject({ model: 'births', version: 1 });
  });

  it('asks which of several models of a repository is meant', async () => {
    const siblings = ['a.onnx', 'b.onnx', 'config.json'].map((rfilename) => ({ rfilename }));
    files.set('/hub/api/models/owner/repo/revision/main', JSON.stringify({ siblings }));
    await expect(get('hf:owner/repo')).rejects.toThrow('name one as hf:owner/repo/FILE: a.onnx, b.onnx');
    files.set('/hub/api/models/owner/repo/revision/main', JSON.stringify({ siblings: siblings.slice(2) }));
    await expect(get('hf:owner/repo')).rejects.toThrow(
      'no model file that can be read; its files are config.json',
    );
  });

  it('takes an object of a bucket', async () => {
    files.set('/s3/bucket/nets/steps.onnx', onnx);
    expect(await get('s3:bucket/nets/steps.onnx')).toMatchObject({ model: 'steps' });
  });

  it('leaves nothing behind of what it refuses', async () => {
    files.set('/bad.onnx', '<html>not a model</html>').set('/steps.onnx', onnx);
    files.set('/code.pkl', Buffer.from('\u{80}\u{4}cposix\nsystem\n.', 'latin1'));
    files.set('/out/model.json', JSON.stringify({ weights: { file: '../../../etc/passwd' } }));
    files.set('/half/model.json', spec);
    for (const [source, options, why] of [
      ['/bad.onnx', {}, 'model.json is missing'],
      ['/code.pkl', {}, 'which could run code'],
      ['/none.onnx', {}, 'replied with status 404'],
      [
        '/steps.onnx',
        { maxBytes: onnx.length - 1 },
        `has ${onnx.length} bytes; the limit is ${onnx.length - 1}`,
      ],
      ['/steps.onnx', { sha256: '0'.repeat(64) }, 'and --sha256 is 0000'],
      ['/steps.onnx', { name: '../x' }, '--name: must have 1 to 64'],
      ['/out/model.json', {}, 'which is not in its own folder'],
      ['/half/model.json', {}, 'weights.safetensors: the server replied with status 404'],
    ] as const)
      await expect(get(url + source, options), source).rejects.toThrow(why);
    expect(asked).not.toContain('/etc/passwd');
    expect(readdirSync(models)).toEqual([]);
    expect(existsSync(join(models, '../x'))).toBe(false);
  });

  it('stops at the limit where the server does not say how much comes, and when the connection breaks', async () => {
    files.set('/endless.onnx', (_, response) => {
      const send = (): void =>
        void (response.write(Buffer.alloc(65_536)) ? setImmediate(send) : response.once('drain', send));
      response.on('close', () => response.removeAllListeners('drain'));
      send();
    });
    files.set('/broken.onnx', (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('abc');
      setImmediate(() => response.destroy());
    });
    await expect(get(`${url}/endless.onnx`, { maxBytes: 1_000_000 })).rejects.toThrow(
      'more than 1000000 bytes',
    );
    await expect(get(`${url}/broken.onnx`)).rejects.toThrow('the connection broke');
    await expect(get('http://127.0.0.1:9/x.onnx')).rejects.toThrow('cannot be reached');
    expect(readdirSync(models)).toEqual([]);
  });

  it('keeps the versions that are there when the next is refused', async () => {
    files.set('/steps.onnx', onnx);
    await get(`${url}/steps.onnx`);
    files.set('/steps.onnx', 'gone');
    await expect(get(`${url}/steps.onnx`)).rejects.toThrow('model.json is missing');
    expect(readdirSync(join(models, 'steps'))).toEqual(['1']);
  });

  it('gives two at once two versions', async () => {
    files.set('/steps.onnx', onnx);
    const pulled = await Promise.all([get(`${url}/steps.onnx`), get(`${url}/steps.onnx`)]);
    expect(pulled.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual([1, 2]);
  });
});
