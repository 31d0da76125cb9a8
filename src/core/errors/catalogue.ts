/** The kinds of failure this program knows. Each edge maps them once: HTTP status, gRPC status, exit code. */
export const errorCodes = {
  invalidArgument: 'the request is malformed or breaks a rule; sending it again cannot help',
  unauthenticated: 'no valid token or certificate was given',
  permissionDenied: 'the token or the agent configuration does not allow this',
  notFound: 'the named thing does not exist',
  methodNotAllowed: 'the path exists, the method does not',
  conflict: 'a condition of the request no longer holds',
  tooLarge: 'the body is over the limit',
  unsupported: 'a kind or feature that this version does not have',
  busy: 'too much contention or load; sending it again later can help',
  unavailable: 'a part this needs is not there right now; sending it again later can help',
  portTaken: 'another process listens on a wanted address',
  corruptState: 'stored data is unreadable, foreign or damaged',
  cancelled: 'the caller went away',
  internal: 'a fault of this program',
} as const;

export type ErrorCode = keyof typeof errorCodes;
