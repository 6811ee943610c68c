import autocannon from 'autocannon';

const sentences = [
  'Alle Menschen sind frei und gleich an Würde und Rechten geboren.',
  'All human beings are born free and equal in dignity and rights.',
  'Tous les êtres humains naissent libres et égaux en dignité.',
  'Todos los seres humanos nacen libres e iguales en dignidad.',
  'Все люди рождаются свободными и равными в своем достоинстве.',
];

export interface ClassifyLoad {
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly failed: number;
}

/** Requests back to back on each connection, one sentence of about 60 characters a request. */
export async function classifyLoad(url: string, connections: number, seconds: number): Promise<ClassifyLoad> {
  const result = await autocannon({
    url: `${url}/v1/models/language/classify`,
    connections,
    duration: seconds,
    requests: sentences.map((input) => ({
      method: 'POST' as const,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input }),
    })),
  });
  return {
    connections,
    requestsPerSecond: result.requests.average,
    p50Milliseconds: result.latency.p50,
    p99Milliseconds: result.latency.p99,
    failed: result.non2xx + result.errors + result.timeouts,
  };
}
