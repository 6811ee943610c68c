import type { FastifyInstance } from 'fastify';
import { UnrollError } from '../../errors.ts';
import { parseJson, parseSmallJson, smallBytes } from '../parse-json.ts';

/** Parses bodies of application/json in bounded time. Replaces fastify's parser, which takes any JSON in one go. */
export function parseJsonBodies(app: FastifyInstance): void {
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_, body, done) => {
    if (body.length === 0) return done(new UnrollError('malformed_json', 'the body is empty'));
    if (body.length > smallBytes)
      return void parseJson(body).then(
        (value) => done(null, value),
        (error: Error) => done(error),
      );
    let value: unknown;
    try {
      value = parseSmallJson(body);
    } catch (error) {
      return done(error as Error);
    }
    done(null, value);
  });
}
