import { connect, createServer } from 'node:tls';

/** Whether a TLS client with these roots takes the leaf. */
export async function isTrusted(
  leaf: { certPem: string; privateKeyPem: string },
  trusted: readonly string[],
): Promise<boolean> {
  const server = createServer({ cert: leaf.certPem, key: leaf.privateKeyPem }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    return await new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, ca: [...trusted], checkServerIdentity: () => undefined });
      socket.once('secureConnect', () => resolve(true)).once('error', () => resolve(false));
      socket.resume().once('close', () => socket.destroy());
    });
  } finally {
    server.close();
  }
}
