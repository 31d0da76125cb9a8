/** `host:port`, `[v6]:port` or `:port` (this machine) in its parts; undefined when it is not that. */
export function parseHostPort(target: string): { readonly host: string; readonly port: number } | undefined {
  const parts = /^(\[[^\]]+\]|[^\s:/[\]]*):(\d{1,5})$/.exec(target);
  const port = Number(parts?.[2]);
  if (parts === null || port < 1 || port > 65_535) return undefined;
  return { host: (parts[1] ?? '').replace(/^\[|\]$/g, '') || '127.0.0.1', port };
}

/** The reason of a failed connection in the words that people know from Consul. */
export function connectProblem(thrown: unknown): string {
  const error = thrown as NodeJS.ErrnoException;
  if (error.code === 'ECONNREFUSED') return 'connection refused';
  // Several addresses of one name, all of which failed: the error itself has no text.
  if (thrown instanceof AggregateError && error.message === '') return connectProblem(thrown.errors[0]);
  return error.message || error.code || String(thrown);
}
