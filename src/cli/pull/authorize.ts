import { AwsClient } from 'aws4fetch';
import { CommandError } from '../command-error.ts';

/** The headers that a download from an address needs; none for what is public. */
export type Authorize = (url: URL) => Promise<Readonly<Record<string, string>>>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the environment has for a source: a token of the hub, or keys of a bucket, by which every request is signed (AWS
 * Signature Version 4).
 * @throws CommandError for an AWS key without its other half
 */
export function createAuthorize(source: string, environment: Environment): Authorize {
  const token = environment['HF_TOKEN'];
  if (source.startsWith('hf:') && token) return async () => ({ authorization: `Bearer ${token}` });
  if (source.startsWith('s3:')) return signForBucket(environment);
  return async () => ({});
}

function signForBucket(environment: Environment): Authorize {
  const accessKeyId = environment['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId && !secretAccessKey) return async () => ({});
  if (!accessKeyId || !secretAccessKey)
    throw new CommandError(
      `${accessKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID'}: must be set, since the other key of the pair is`,
    );
  const sessionToken = environment['AWS_SESSION_TOKEN'];
  const client = new AwsClient({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    service: 's3',
    region: environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || 'us-east-1',
  });
  return async (url) => Object.fromEntries((await client.sign(url, { method: 'GET' })).headers);
}
