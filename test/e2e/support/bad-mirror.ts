import { createServer, get } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { settings } from './lab.ts';
import { mirror } from './scene.ts';

/** The lab's mirror, but for one file, which is missing or has its last byte changed. */
export async function badMirror(
  path: string,
  fault: 'missing' | 'corrupt',
): Promise<{ url: string; asked: string[]; close(): Promise<void> }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    asked.push(url);
    const isBad = url.endsWith(path);
    if (isBad && fault === 'missing') {
      response.writeHead(404).end();
      return;
    }
    // Whole files only: a range would have its own last byte.
    get(`${mirror}${url}`, (source) => {
      response.writeHead(source.statusCode ?? 500, {
        'content-length': source.headers['content-length'] ?? '0',
      });
      (isBad ? source.pipe(lastByteChanged()) : source).pipe(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, settings.controller, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${settings.controller}:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function lastByteChanged(): Transform {
  let last: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const before = last;
      last = chunk;
      done(null, before);
    },
    flush(done) {
      const changed = Buffer.from(last);
      changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 0xff, changed.length - 1);
      done(null, changed);
    },
  });
}
