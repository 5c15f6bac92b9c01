import { type AddressInfo, createServer } from 'node:net';
import { afterAll } from 'vitest';

export interface Dialled {
  readonly port: number;
  /** How often it was dialled since it was last reset. */
  count(): number;
  reset(): void;
}

/** A port of this machine that hangs up on everybody, and counts; it goes when the file's tests end. */
export async function dialled(): Promise<Dialled> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  afterAll(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    count: () => connections,
    reset: () => {
      connections = 0;
    },
  };
}
