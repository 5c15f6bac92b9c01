// Many hosts in one process: an SSH server on one port of loopback, where each address is a host. It runs nothing: a
// probe gets the answer that was made in advance, steps are said to be done, a lock is held until its input ends.
// arguments: FOLDER PORT        prints `listening`; ends with SIGTERM
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { load } from 'js-yaml';
import ssh2 from 'ssh2';
import { nonceOf } from '../../test/support/simulated/wire.ts';

const [folder, port] = process.argv.slice(2);
const hostKeys = [readFileSync(join(folder, 'host_key'))];
const allowed = ssh2.utils.parseKey(readFileSync(join(folder, 'id_ed25519.pub'))).getPublicSSH();
const { hosts } = load(readFileSync(join(folder, 'inventory.yaml'), 'utf8'));
const index = (when) => JSON.parse(readFileSync(join(folder, `${when}.json`), 'utf8'));
const places = { after: index('after') };
if (existsSync(join(folder, 'before.json'))) places.before = index('before');

const servers = new Map(hosts.map(({ name, address }) => [address, serverOf(name)]));

function serverOf(name) {
  let when = places.before ? 'before' : 'after';
  const applied = () => {
    when = 'after';
  };
  return new ssh2.Server({ hostKeys }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      if (attempt.method === 'publickey' && attempt.key.data.equals(allowed)) attempt.accept();
      else attempt.reject(['publickey']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        serve(acceptExec(), () => answer(name, when), applied);
      });
    });
  });
}

/** Reads the script off its frame (`src/transport/feed.ts`), and does as if it ran. */
function serve(channel, probed, applied) {
  let data = Buffer.alloc(0);
  let script;
  const end = (code, stdout = '') => {
    channel.write(stdout);
    channel.exit(code);
    channel.end();
  };
  channel.on('error', () => undefined);
  channel.on('data', (chunk) => {
    if (script !== undefined) return;
    data = Buffer.concat([data, chunk]);
    const from = data.indexOf('\n') + 1;
    const to = from + Number(data.subarray(0, from).toString());
    if (from === 0 || data.length < to) return;
    script = data.toString('utf8', from, to);
    if (script.includes('flock -w 1 9 ||')) channel.write('locked\n');
    else if (nonceOf(script) !== undefined) void probed().then((make) => end(0, make(nonceOf(script))));
  });
  channel.on('end', () => {
    if (script?.includes('flock -w 1 9 ||')) return end(0);
    const steps = [...(script ?? '').matchAll(/^echo '?(\w+) begin (\d+)'?;/gm)];
    if (steps.length > 0) {
      applied();
      end(0, steps.map(([, nonce, id]) => `${nonce} begin ${id}\n${nonce} ok ${id}\n`).join(''));
    } else if (script === undefined || nonceOf(script) === undefined) {
      channel.stderr.write('a simulated host does not know this script\n');
      end(127);
    }
  });
}

async function answer(name, when) {
  const bytes = await readFile(join(folder, when, name));
  const { nonce: nonces, clock, salted } = places[when][name];
  return (nonce) => {
    for (const at of nonces) bytes.write(nonce, at, 'latin1');
    for (const at of clock) bytes.write((Date.now() / 1000).toFixed(9), at, 'latin1');
    for (const [at, digest] of salted) {
      bytes.write(
        createHash('sha256')
          .update(nonce + digest)
          .digest('hex'),
        at,
        'latin1',
      );
    }
    return bytes;
  };
}

// Any address of loopback, and nothing else.
createServer((socket) => {
  const server = servers.get(socket.localAddress);
  if (server) server.injectSocket(socket);
  else socket.destroy();
}).listen({ port: Number(port), host: '0.0.0.0', backlog: 1024 }, () => console.log('listening'));
process.once('SIGTERM', () => process.exit(0));
