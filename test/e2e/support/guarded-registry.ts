import { createServer, request } from 'node:http';
import { settings } from './lab.ts';

/** The lab's registry behind a login, on the machine of the tests. */
export interface GuardedRegistry {
  /** `address:port` */
  readonly name: string;
  /** What was asked with the right login. */
  readonly served: readonly string[];
  close(): Promise<void>;
}

export async function guardedRegistry(username: string, password: string): Promise<GuardedRegistry> {
  const port = 5055;
  const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const served: string[] = [];
  const server = createServer((asked, answer) => {
    if (asked.headers.authorization !== wanted) {
      answer.writeHead(401, { 'www-authenticate': 'Basic realm="guarded"' }).end();
      return;
    }
    const { method, url: path = '', headers } = asked;
    served.push(path);
    const behind = request({ host: settings.controller, port: 5000, method, path, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    behind.on('error', () => answer.destroy());
    asked.pipe(behind);
  });
  await new Promise<void>((resolve) => server.listen(port, settings.controller, resolve));
  return {
    name: `${settings.controller}:${port}`,
    served,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
