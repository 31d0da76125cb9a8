import type { ErrorCode } from './catalogue.js';

/** The one error class. The message is one sentence for a person and says what to do; the cause is for logs only. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Turns anything thrown into an AppError; what is unknown becomes `internal` with its message kept as cause. */
  static from(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new AppError('internal', message, { cause: thrown });
  }
}
