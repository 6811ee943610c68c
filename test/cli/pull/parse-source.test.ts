import { describe, expect, it } from 'vitest';
import { fileNameOf, parseSource } from '../../../src/cli/pull/parse-source.ts';

const urlOf = (text: string, environment = {}): string => {
  const source = parseSource(text, environment);
  return source.kind === 'file' ? source.url.href : `${source.repository}@${source.revision}`;
};

describe('a source to pull', () => {
  it.each([
    ['https://example.org/a/net.onnx?sig=x', 'https://example.org/a/net.onnx?sig=x'],
    ['hf:owner/repo', 'owner/repo@main'],
    ['hf://owner/repo@v1.0', 'owner/repo@v1.0'],
    ['hf:owner/repo/onnx/model.onnx', 'https://huggingface.co/owner/repo/resolve/main/onnx/model.onnx'],
    [
      'hf:owner/repo/a b.onnx@refs/pr/1',
      'https://huggingface.co/owner/repo/resolve/refs%2Fpr%2F1/a%20b.onnx',
    ],
    ['s3:bucket/models/net.onnx', 'https://bucket.s3.amazonaws.com/models/net.onnx'],
    ['s3://my.bucket/net.onnx', 'https://s3.amazonaws.com/my.bucket/net.onnx'],
  ])('%s is at %s', (text, url) => expect(urlOf(text)).toBe(url));

  it('is where the environment says', () => {
    expect(urlOf('hf:o/r/f', { HF_ENDPOINT: 'http://127.0.0.1:1/hub/' })).toBe(
      'http://127.0.0.1:1/hub/o/r/resolve/main/f',
    );
    expect(urlOf('s3:bucket/k', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toBe(
      'http://127.0.0.1:1/bucket/k',
    );
    expect(urlOf('s3:bucket/k', { AWS_REGION: 'eu-west-1' })).toBe(
      'https://bucket.s3.eu-west-1.amazonaws.com/k',
    );
  });

  it.each([
    ['net.onnx', 'must be http://'],
    ['ftp://example.org/net.onnx', 'must be http://'],
    ['http://', 'is not a URL'],
    ['hf:owner', 'must be hf:owner/repo'],
    ['hf:../../x', 'must be hf:owner/repo'],
    ['hf:owner/repo/../x', 'must be hf:owner/repo'],
    ['hf:owner/repo@a@b', 'must be hf:owner/repo'],
    ['hf:owner/repo@', 'must be hf:owner/repo'],
    ['s3:bucket', 'must be s3:bucket/key'],
    ['s3:bucket/a/../b', 'must be s3:bucket/key'],
    ['s3:UPPER/key', 'must be s3:bucket/key'],
  ])('refuses %s', (text, why) => expect(() => parseSource(text, {})).toThrow(why));

  it('refuses an endpoint that is no URL', () =>
    expect(() => parseSource('hf:o/r/f', { HF_ENDPOINT: 'hub' })).toThrow('HF_ENDPOINT: must be a URL'));

  it.each([
    ['https://example.org/language.onnx', 'language'],
    ['https://example.org/models/language/1/model.json', 'language'],
    ['https://example.org/%E0%A4%A/x.onnx', 'x'],
    ['hf:owner/tagger/model.onnx', 'tagger'],
    ['s3:bucket/a/b.keras', 'b'],
  ])('%s is called %s', (text, label) => expect(parseSource(text, {}).label).toBe(label));

  it.each([
    ['https://example.org/a%2F..%2Fb.onnx', 'a_.._b.onnx'],
    ['https://example.org/', 'model'],
    ['https://example.org/.hidden', 'model'],
  ])('the file of %s is %s', (url, name) => expect(fileNameOf(new URL(url))).toBe(name));
});
