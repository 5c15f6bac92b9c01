import { join } from 'node:path';
import { expect } from 'vitest';
import { clients } from './kubectl.ts';
import { type HostName, type Output, addressOf, command, onHost } from './lab.ts';
import { type Event, inventoryFile, plannedIn, repositoryRoot, stateFolder, workFolder } from './product.ts';
import { moved, startsOf } from './units.ts';

/** One line of `certs list`, as far as tests look at it. */
export interface Row {
  readonly host: HostName | null;
  readonly file: string | null;
  readonly name: string | null;
  readonly serial: string;
  readonly issuer: string;
  readonly authority: boolean;
  readonly notAfter: string;
  readonly served: { readonly address: string; readonly state: string; readonly serial: string } | null;
}

/** A command of the product with words of its own before the inventory. */
export const product = (...args: readonly string[]): Promise<Output> =>
  command('node', [join(repositoryRoot, 'bin/k8s-bootstrap'), ...args, '-i', inventoryFile], {
    cwd: workFolder,
    env: { PATH: process.env['PATH'], HOME: workFolder },
  });

export const certs = (...args: readonly string[]): Promise<Output> => product('certs', ...args);

const eventsOf = ({ stdout }: Output): Event[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event);

export async function list(
  ...args: readonly string[]
): Promise<{ rows: readonly Row[]; code: number; events: Event[] }> {
  const output = await certs('list', '--json', ...args);
  const events = eventsOf(output);
  const result = events.find(({ type }) => type === 'result');
  expect(result, output.stderr).toBeDefined();
  return { rows: (result!['data'] as { certificates: Row[] }).certificates, code: output.code, events };
}

export const rowOf = async (host: HostName, file: string): Promise<Row> =>
  (await list()).rows.find((row) => row.host === host && row.file === file)!;

export async function renew(...args: readonly string[]): Promise<Event[]> {
  const output = await certs('renew', '--json', ...args);
  expect(output.code, output.stdout + output.stderr).toBe(0);
  return eventsOf(output);
}

/**
 * Units that were started by somebody. On a busy machine a controller loses its lease while the API server is away: it
 * ends, and systemd starts it again by itself, which counts for nobody.
 */
export async function restarted(before: Awaited<ReturnType<typeof startsOf>>): Promise<string[]> {
  const units = moved(before, await startsOf());
  const controllers = ['kube-controller-manager', 'kube-scheduler'].map((name) => `${name}.service`);
  const text = await onHost('m1', `systemctl show -p Id,NRestarts ${controllers.join(' ')}`);
  const byThemselves = controllers.filter(
    (unit) => !text.includes(`NRestarts=0\nId=${unit}`) && !text.includes(`Id=${unit}\nNRestarts=0`),
  );
  return units.filter((unit) => !byThemselves.some((own) => unit === `m1 ${own}`));
}

/** The certificate that a port shows to whoever dials it from here: its serial number. */
export async function shown(address: string): Promise<string> {
  const script = `openssl s_client -connect ${address} < /dev/null 2> /dev/null | openssl x509 -noout -serial`;
  const { stdout } = await command('sh', ['-c', script]);
  return stdout.trim().replace('serial=', '').toLowerCase();
}

/** Changes of the plan that was told, as `host id summary`. */
export const planned = (events: readonly Event[]): string[] =>
  plannedIn(events).map(({ host, id, summary }) => `${host} ${id} ${summary}`);

/** What the API server makes of a client with this certificate. */
export const greeted = async (folder: string, name: string): Promise<string> => {
  const [client = ''] = (await clients()).values();
  const { stderr } = await command(
    client,
    [
      `--server=https://${addressOf('m1')}:6443`,
      `--certificate-authority=${join(stateFolder, 'pki', 'ca.crt')}`,
      `--client-certificate=${join(folder, `${name}.crt`)}`,
      `--client-key=${join(folder, `${name}.key`)}`,
      'get',
      'pods',
    ],
    { env: { PATH: process.env['PATH'], HOME: '/nonexistent' } },
  );
  if (stderr.includes(`User "${name}" cannot list`)) return 'known';
  return /Unauthorized|must be logged in/.test(stderr) ? 'unknown' : stderr;
};

/** `NAME.key` and `NAME.crt` of an authority, as anybody would make them. */
export async function newAuthority(folder: string, name: string, commonName: string): Promise<void> {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  const subject = ['-subj', `/CN=${commonName}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', ...files, ...subject);
}

/** `NAME.key` and `NAME.crt` of a user by that name, from an authority in the same folder. */
export async function newClient(folder: string, authority: string, name: string): Promise<void> {
  const at = (file: string): string => join(folder, file);
  const request = ['-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`];
  await openssl('req', '-newkey', 'rsa:2048', '-nodes', ...request);
  const issuer = ['-CA', at(`${authority}.crt`), '-CAkey', at(`${authority}.key`), '-CAcreateserial'];
  await openssl(
    'x509',
    '-req',
    '-in',
    at(`${name}.csr`),
    '-days',
    '10',
    '-out',
    at(`${name}.crt`),
    ...issuer,
  );
}

async function openssl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await command('openssl', args);
  expect(code, stderr).toBe(0);
}
