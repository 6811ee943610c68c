import Fastify from 'fastify';

// A bare Fastify server that answers with the JSON it was sent: what a request costs at least.

const app = Fastify();
app.get('/ready', () => ({ ready: true }));
app.post('/echo', (request) => request.body);
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
