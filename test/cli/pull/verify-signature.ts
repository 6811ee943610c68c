import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

// AWS Signature Version 4 as a store checks it, from the request that arrived.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Whose key a request is signed with, in which region; null where the signature is none of this secret. */
export function verifySignature(
  { method, url, headers }: IncomingMessage,
  secret: string,
): { readonly key: string; readonly region: string; readonly token: string | undefined } | null {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([\da-f]{64})$/;
  const [, key, day, region, signed, signature] = pattern.exec(headers.authorization ?? '') ?? [];
  if (key === undefined || !signed!.split(';').includes('host')) return null;
  const [path, query = ''] = url!.split('?');
  const canonical = [
    method,
    path!
      .split('/')
      .map((part) => encode(decodeURIComponent(part)))
      .join('/'),
    query,
    ...signed!.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    signed,
    headers['x-amz-content-sha256'],
  ].join('\n');
  const time = String(headers['x-amz-date']);
  const hash = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', time, `${day}/${region}/s3/aws4_request`, hash].join('\n');
  const signing = ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secret}`, day!), region!));
  const fresh = time.startsWith(day!) && Math.abs(Date.now() - Date.parse(toIso(time))) < 15 * 60_000;
  if (!fresh || hmac(signing, text).toString('hex') !== signature) return null;
  return { key, region: region!, token: headers['x-amz-security-token'] as string | undefined };
}

/** 20261130T154409Z → 2026-11-30T15:44:09Z */
const toIso = (time: string): string =>
  time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
