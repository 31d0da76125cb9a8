/** A request did not succeed. `status` is 0 when no answer came; the message is one sentence. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly status: number;
  /** What the agent said, without our words around it. */
  readonly answer: string;

  constructor(status: number, message: string, answer = '') {
    super(message);
    this.status = status;
    this.answer = answer;
  }

  /** An answer with an error status, in the words that scripts look for. */
  static fromAnswer(status: number, body: string): AgentError {
    const text = body.trim();
    return new AgentError(status, `Unexpected response code: ${status}${text === '' ? '' : ` (${text})`}`, text);
  }
}
