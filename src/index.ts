// What the package exports, for programs that have a server or a model in their own process.

export { createServer, type EmbeddedServer } from './embed/create-server.ts';
export { loadModel, type LoadedModel } from './embed/load-model.ts';
export type { ServerSettings } from './embed/server-settings.ts';
export type { TaskEvent } from './client/events.ts';
export { UnrollError } from './client/error.ts';
export { ConfigError } from './config.ts';
