import type { Scenario } from '../scenario.ts';
export const fuzz: Scenario = { name: 'fuzz', about: '', share: 1, run: async () => {} };
