import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuthorize } from '../../../src/cli/pull/authorize.ts';
import { runProgram } from '../../support/run-program.ts';
import { verifySignature } from './verify-signature.ts';

// `unroll pull s3:…` and a store that answers only what is signed with its secret.

const shipped = join(import.meta.dirname, '../../../models/births/1');
const program = join(import.meta.dirname, '../../../bin/unroll.js');
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const models = mkdtempSync(join(tmpdir(), 'unroll-signed-'));
const isPublic = (path: string): boolean => path.startsWith('/public/');
let verified: (ReturnType<typeof verifySignature> | 'unsigned')[] = [];

const store = createServer((request, response) => {
  const result = request.headers.authorization === undefined ? 'unsigned' : verifySignature(request, secret);
  verified.push(result);
  const allowed = result === 'unsigned' ? isPublic(request.url!) : result !== null;
  response.writeHead(allowed ? 200 : 403);
  response.end(allowed ? readFileSync(join(shipped, request.url!.split('/').at(-1)!)) : '<Error/>');
});
let url: string;
beforeAll(async () => {
  await once(store.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
});
beforeEach(() => {
  verified = [];
});
afterAll(() => {
  store.close();
  rmSync(models, { recursive: true });
});

const keys = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: secret };
const pull = (source: string, environment: object) =>
  runProgram(process.execPath, [program, 'pull', source, '--models', models], {
    env: { PATH: process.env['PATH'], AWS_ENDPOINT_URL_S3: url, ...environment },
  });

describe('unroll pull s3:…', () => {
  it('signs the request of each file with the keys of the environment', async () => {
    const { code, output } = await pull('s3:private/a b+(ü)/births/model.json', {
      ...keys,
      AWS_SESSION_TOKEN: 'a token/+=',
      AWS_REGION: 'eu-west-1',
    });
    expect(output).toContain('pulled births@1');
    expect(code).toBe(0);
    const signed = { key: keys.AWS_ACCESS_KEY_ID, region: 'eu-west-1', token: 'a token/+=' };
    expect(verified).toEqual([signed, signed]);
  });

  it('signs for us-east-1 where no region is named', async () => {
    expect((await pull('s3:private/births/model.json', keys)).code).toBe(0);
    expect(verified[0]).toEqual({ key: keys.AWS_ACCESS_KEY_ID, region: 'us-east-1', token: undefined });
  });

  it('asks for public objects without a signature', async () => {
    expect((await pull('s3:public/births/model.json', {})).code).toBe(0);
    expect(verified).toEqual(['unsigned', 'unsigned']);
    const refused = await pull('s3:private/births/model.json', {});
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('status 403') as string });
  });

  it('is refused with the keys of somebody else', async () => {
    const { code } = await pull('s3:private/births/model.json', { ...keys, AWS_SECRET_ACCESS_KEY: 'x' });
    expect(code).toBe(1);
    expect(verified).toEqual([null]);
  });

  it('wants both keys', async () => {
    const { code, output } = await pull('s3:private/births/model.json', { AWS_ACCESS_KEY_ID: 'x' });
    expect([code, output]).toEqual([1, expect.stringMatching(/^AWS_SECRET_ACCESS_KEY: must be set/)]);
  });
});

it('sends the token of the hub to the hub, and no key to other servers', async () => {
  const environment = { ...keys, HF_TOKEN: 'hf_x' };
  const headers = (source: string) => createAuthorize(source, environment)(new URL('https://example.org/a'));
  expect(await headers('hf:owner/repo')).toEqual({ authorization: 'Bearer hf_x' });
  expect(await headers('https://example.org/a')).toEqual({});
});
