// Replies of tasks in lines for a person.

interface Scored {
  readonly label: string;
  readonly score: number;
}
export interface ReplyJson {
  readonly predictions?: readonly {
    readonly top?: readonly Scored[];
    readonly tokens?: readonly ({ readonly text: string } & Scored)[];
    readonly hypotheses?: readonly { readonly text: string; readonly score: number }[];
    readonly output?: readonly unknown[];
  }[];
  readonly generations?: readonly { readonly text: string }[];
  readonly embeddings?: readonly unknown[];
}

export function formatReply({ predictions = [], generations = [], embeddings = [] }: ReplyJson): string[] {
  return [
    ...predictions.flatMap(({ top, tokens, hypotheses, output }) => [
      ...(top ?? []).map(({ label, score }) => `${score.toFixed(4)}  ${label}`),
      ...(tokens ? formatTokens(tokens) : []),
      ...(hypotheses ?? []).map(({ text, score }) =>
        hypotheses!.length > 1 ? `${score.toFixed(4).padStart(9)}  ${text}` : text,
      ),
      ...(output ?? []).map((row) => JSON.stringify(row)),
    ]),
    ...generations.map(({ text }) => text),
    ...embeddings.map((row) => JSON.stringify(row)),
  ];
}

function formatTokens(tokens: readonly ({ readonly text: string } & Scored)[]): string[] {
  const width = Math.max(...tokens.map(({ text }) => text.length));
  return tokens.map(({ text, label, score }) => `${text.padEnd(width)}  ${label}  ${score.toFixed(4)}`);
}
