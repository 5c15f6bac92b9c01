import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openssl } from './company.ts';
import { command, settings } from './lab.ts';

/** An etcd with TLS that the product neither made nor knows, on the machine of the tests. */
export interface ForeignEtcd {
  /** `https://address:port` of the same member, twice. */
  readonly endpoints: readonly [string, string];
  /** A file beside it: `ca.crt`, `client.crt`, `client.key`, `stranger.crt`, … */
  file(name: string): string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What etcdctl prints. */
  ask(...args: readonly string[]): Promise<string>;
}

const AUTHORITY = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign';
const CLIENT = 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth';
const serverOf = (address: string): string =>
  `keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=IP:${address}`;

/** Makes its authority, its certificates and its data below a folder; it does not run yet. */
export async function foreignEtcd(folder: string): Promise<ForeignEtcd> {
  const file = (name: string): string => join(folder, name);
  const endpoints = [23_790, 23_791].map((port) => `https://${settings.controller}:${port}`);
  const [endpoint = '', second = ''] = endpoints;
  const peer = `https://${settings.controller}:23800`;
  const make = async (name: string, extensions: string, by?: string): Promise<void> => {
    await openssl(['genrsa', '-out', file(`${name}.key`), '2048']);
    writeFileSync(file(`${name}.ext`), `${extensions}\n`);
    const request = await openssl(['req', '-new', '-key', file(`${name}.key`), '-subj', `/CN=store ${name}`]);
    const signer =
      by === undefined
        ? ['-signkey', file(`${name}.key`)]
        : ['-CA', file(`${by}.crt`), '-CAkey', file(`${by}.key`), '-CAcreateserial'];
    const options = [...signer, '-days', '300', '-extfile', file(`${name}.ext`)];
    writeFileSync(file(`${name}.crt`), await openssl(['x509', '-req', ...options], request));
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await make('ca', AUTHORITY);
  await make('server', serverOf(settings.controller), 'ca');
  await make('client', CLIENT, 'ca');
  await make('other', AUTHORITY);
  await make('stranger', CLIENT, 'other');
  const mirror = join(settings.cache, 'mirror/etcd');
  const version = readdirSync(mirror)[0] ?? '';
  const archive = join(mirror, version, `etcd-${version}-linux-amd64.tar.gz`);
  await command('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
  const trusting = ['--trusted-ca-file', file('ca.crt'), '--cert-file', file('server.crt')];
  const peers = ['--peer-trusted-ca-file', file('ca.crt'), '--peer-cert-file', file('server.crt')];
  const args = [
    ...['--name', 'store', '--data-dir', file('data'), '--initial-cluster', `store=${peer}`],
    ...['--listen-client-urls', endpoints.join(','), '--advertise-client-urls', endpoint],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...[...trusting, '--key-file', file('server.key'), '--client-cert-auth'],
    ...[...peers, '--peer-key-file', file('server.key'), '--peer-client-cert-auth'],
  ];
  const ask = async (...words: readonly string[]): Promise<string> => {
    const client = ['--cacert', file('ca.crt'), '--cert', file('client.crt'), '--key', file('client.key')];
    const env = { ...process.env, ETCDCTL_API: '3' };
    const { stdout } = await command(file('etcdctl'), ['--endpoints', endpoint, ...client, ...words], {
      env,
    });
    return stdout;
  };
  let running: ChildProcess | undefined;
  return {
    endpoints: [endpoint, second],
    file,
    ask,
    async start() {
      running = spawn(file('etcd'), args, { stdio: 'ignore' });
      for (let attempt = 0; attempt < 100; attempt += 1) {
        if ((await ask('endpoint', 'health', '--write-out', 'json')).includes('"health":true')) return;
        await sleep(100);
      }
      throw new Error(`the etcd on ${endpoint} does not become healthy`);
    },
    async stop() {
      const child = running;
      running = undefined;
      if (!child || child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}
