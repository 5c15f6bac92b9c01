// The lab's download mirror: a static file server that knows byte ranges, so that broken downloads can be resumed.
// usage: node serve.mjs FOLDER ADDRESS PORT LOG
// LOG gets one JSON object a line for each request, when it ends: tests count downloads there.
import { appendFileSync, createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import process from 'node:process';

const [folder, address, port, logFile] = process.argv.slice(2);

const server = createServer((request, response) => {
  // A broken connection forgets who it was with.
  const client = request.socket.remoteAddress;
  response.on('close', () => {
    log(client, request, response);
  });
  answer(request, response).catch((error) => {
    // The client went away, or the file did; there is nobody left to tell.
    response.destroy(error);
  });
});

server.listen(Number(port), address);
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}

async function answer(request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    end(response, 405, { Allow: 'GET, HEAD' });
    return;
  }
  const file = await find(request.url);
  if (file === undefined) {
    end(response, 404);
    return;
  }
  const headers = {
    'Accept-Ranges': 'bytes',
    'Content-Type': 'application/octet-stream',
    ETag: file.tag,
    'Last-Modified': file.modified,
  };
  const range = wantedRange(request.headers, file);
  if (range === 'unsatisfiable') {
    end(response, 416, { ...headers, 'Content-Range': `bytes */${file.size}` });
    return;
  }
  const { first, last } = range ?? { first: 0, last: file.size - 1 };
  if (range !== undefined) headers['Content-Range'] = `bytes ${first}-${last}/${file.size}`;
  headers['Content-Length'] = last - first + 1;
  writeHead(response, range === undefined ? 200 : 206, headers);
  if (request.method === 'HEAD' || file.size === 0) {
    response.end();
    return;
  }
  await pipeline(createReadStream(file.path, { start: first, end: last }), response);
}

/** The file of a URL, or undefined. The folder is a link that a new build moves, so it is resolved each time. */
async function find(url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://mirror').pathname);
    if (path.includes('\0')) return undefined;
    const file = join(await realpath(folder), normalize(path));
    const found = await stat(file);
    if (!found.isFile()) return undefined;
    const tag = `"${found.size.toString(16)}-${Math.trunc(found.mtimeMs).toString(16)}"`;
    return { path: file, size: found.size, tag, modified: found.mtime.toUTCString() };
  } catch {
    return undefined;
  }
}

/** One range is enough for resuming: several, or one in another unit, get the whole file, as the standard allows. */
function wantedRange(headers, file) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  // The file has changed since the first part was taken: the whole new one.
  const unchanged = headers['if-range'];
  if (unchanged !== undefined && unchanged !== file.tag && unchanged !== file.modified) return undefined;

  const suffix = match[1] === '';
  const first = suffix ? Math.max(file.size - Number(match[2]), 0) : Number(match[1]);
  const last = suffix || match[2] === '' ? file.size - 1 : Math.min(Number(match[2]), file.size - 1);
  return first > last ? 'unsatisfiable' : { first, last };
}

function end(response, status, headers = {}) {
  writeHead(response, status, { 'Content-Length': 0, ...headers });
  response.end();
}

/** Sets headers one by one, because those given to response.writeHead cannot be read back for the log. */
function writeHead(response, status, headers) {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status);
}

function log(client, request, response) {
  const line = {
    time: new Date().toISOString(),
    client,
    method: request.method,
    path: request.url,
    range: request.headers.range,
    status: response.statusCode,
    length: Number(response.getHeader('Content-Length') ?? 0),
    complete: response.writableFinished,
  };
  appendFileSync(logFile, `${JSON.stringify(line)}\n`);
}
