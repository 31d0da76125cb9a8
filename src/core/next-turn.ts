/** Resolves in the next turn of the event loop, after what others wait for has had its turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
