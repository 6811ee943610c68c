import type { Scenario } from '../scenario.ts';
export const http: Scenario = { name: 'http', about: '', share: 1, run: async () => {} };
