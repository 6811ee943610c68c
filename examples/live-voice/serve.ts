import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';

// Serves the page of live voice detection. The model is a voice detector such as Silero's (docs/importing-models.md);
// its server has to allow the page's origin:
//   UNROLL_CORS_ORIGIN=http://localhost:8081 npm start
//   node examples/live-voice/serve.ts    and open http://localhost:8081/?model=vad

const { values } = parseArgs({ options: { port: { type: 'string', default: '8081' } } });
const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };
const files: Readonly<Record<string, string>> = {
  '/': 'page.html',
  '/page.js': 'page.js',
  '/worklet.js': 'worklet.js',
};

const server = createServer((request, response) => {
  const file = files[new URL(request.url ?? '/', 'http://localhost').pathname];
  if (file === undefined) return void response.writeHead(404).end();
  response.setHeader('content-type', types[extname(file)]!);
  response.end(readFileSync(join(import.meta.dirname, file)));
});
server.listen(Number(values.port), 'localhost', () => {
  const address = server.address();
  console.log(`http://localhost:${typeof address === 'object' ? address?.port : address}`);
});
