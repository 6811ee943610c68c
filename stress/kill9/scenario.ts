import type { Scenario } from '../scenario.ts';
export const kill9: Scenario = { name: 'kill9', about: '', share: 1, run: async () => {} };
