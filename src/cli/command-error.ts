/** Exit codes of commands; docs/command-line.md has their table. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  unreachable: 3,
  interrupted: 130,
} as const;

/** An error that a command ends with: its message is printed without a stack. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
