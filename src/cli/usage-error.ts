/** The command line cannot be used as it is; the message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Whether a list of the command's flags helps. */
  readonly aboutFlags: boolean;

  constructor(message: string, options: { readonly aboutFlags?: boolean } = {}) {
    super(message);
    this.aboutFlags = options.aboutFlags ?? false;
  }
}
