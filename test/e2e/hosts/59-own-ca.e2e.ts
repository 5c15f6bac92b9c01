import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiStatus, company, plainKeys, stateFiles, verified } from '../support/company.ts';
import { type ForeignEtcd, foreignEtcd } from '../support/foreign-etcd.ts';
import { command, onHost, settings } from '../support/lab.ts';
import { WELL, type Scene, aloneInventory, changedBy, done, scene, wipe } from '../support/scene.ts';
import { namesClocksAndFolders, pullsWithALogin } from '../support/surroundings.ts';
import { moved, startsOf } from '../support/units.ts';

/**
 * A company's intermediate authority as the cluster's, its key and all of the program's encrypted, its own etcd under
 * the cluster; then all is lost.
 */
let here: Scene;
let store: ForeignEtcd;
const ca = (name: string): string => join(here.folder, 'company', name);
const client = join(settings.cache, 'mirror/release/v1.16.3/bin/linux/amd64/kubectl');
const CA_PASS = { CA_PASS: 'company secret' };
const KEYS_PASS = { K8S_BOOTSTRAP_PASSPHRASE: 'correct horse' };
const ALL = { ...CA_PASS, ...KEYS_PASS };

const inventory = (endpoints: readonly string[] = store.endpoints.slice(0, 1), client = 'client'): string =>
  aloneInventory(
    'company',
    'm1',
    `pki:
  ca: { cert: company/chain.crt, key: company/locked.key, passphrase: '\${env:CA_PASS}' }
etcd:
  endpoints: [${endpoints.join(', ')}]
  ca: store/ca.crt
  cert: store/${client}.crt
  key: store/${client}.key
kubelet: { rootDir: /data/kubelet }
os: { timeServers: [${settings.controller}], hostsFromInventory: true, hosts: { store.example.test: ${settings.controller} } }
users:
  - { name: robot, auth: both, role: view }
`,
  ).replace('[master, etcd, worker]', '[master, worker]');

beforeAll(async () => {
  await wipe('m1');
  here = scene('company');
  await company(ca('.'));
  store = await foreignEtcd(join(here.folder, 'store'));
  here.write(inventory());
});
afterAll(async () => {
  await store.stop();
  here.remove();
});

describe('an authority of one’s own', () => {
  it('with a wrong passphrase is refused, and nothing is written', async () => {
    const { code, errors } = await here.run(['up', '--accept-new-host-keys'], { env: { CA_PASS: 'wrong' } });
    expect({ code, codes: errors.map((error) => error.code) }).toEqual({ code: 2, codes: ['E_PASSPHRASE'] });
    expect(existsSync(join(here.state, 'pki'))).toBe(false);
    expect(await onHost('m1', 'ls -d /etc/kubernetes /var/lib/k8s-bootstrap 2>/dev/null; true')).toBe('');
  });

  it('and an etcd that does not answer, or not to this certificate, changes nothing either', async () => {
    const problem = async (): Promise<string> => {
      const { code, errors } = await here.run(['up'], { env: ALL });
      expect({ code, code0: errors.at(-1)?.code }).toEqual({ code: 1, code0: 'E_PREFLIGHT' });
      expect(
        await onHost(
          'm1',
          'ls -d /etc/kubernetes /var/lib/k8s-bootstrap /run/k8s-bootstrap.* 2>/dev/null; true',
        ),
      ).toBe('');
      return errors.at(-1)?.message ?? '';
    };
    expect(await problem()).toContain(`m1: ${store.endpoints[0]} refuses connections`);
    await store.start();
    here.write(inventory(undefined, 'stranger'));
    expect(await problem()).toContain(`m1: ${store.endpoints[0]} refuses the certificate of etcd.cert`);
    here.write(inventory());
  });

  it('carries a cluster', async () => {
    const first = await here.run(['up', '--encrypt-keys'], { env: ALL });
    expect(done(first)).toEqual(WELL);
  });

  it.each([
    ['kube-apiserver', 6443, 'root.crt'],
    ['kubelet', 10250, 'root.crt'],
    ['kube-apiserver, from what users get', 6443, 'users-ca'],
  ])('is verified to the root by OpenSSL: %s', async (_what, port, trusted) => {
    const file = trusted.startsWith('root') ? ca(trusted) : join(here.state, 'users/robot/ca.crt');
    const { stdout, stderr } = await verified(port, file);
    expect(stdout, stderr).toContain('Verify return code: 0 (ok)');
  });

  it('lets in whom it vouches for, and nobody else of the company', async () => {
    expect(await apiStatus(ca('.'), 'insider')).toBe('200');
    expect(await apiStatus(ca('.'), 'stranger')).toBe('401');
    const kubelet = await onHost(
      'm1',
      "grep -c 'BEGIN CERTIFICATE' /etc/kubernetes/pki/kubelet-client-ca.crt",
    );
    expect(kubelet.trim()).toBe('1');
  });

  it('is not replaced by another', async () => {
    here.write(
      inventory()
        .replace('company/chain.crt', 'company/root.crt')
        .replace('company/locked.key', 'company/root.key'),
    );
    const { code, errors } = await here.run(['plan'], { env: ALL });
    here.write(inventory());
    expect({ code, codes: errors.map((error) => error.code) }).toEqual({ code: 2, codes: ['E_OWN_CA'] });
  });
});

describe('an etcd of somebody else’s', () => {
  it('has all that the cluster knows, and no part of it is ours', async () => {
    expect(await store.ask('get', '/registry/minions/m1', '--keys-only')).toContain('/registry/minions/m1');
    expect(
      await onHost(
        'm1',
        'ls -d /etc/etcd /etc/systemd/system/etcd.service /etc/kubernetes/pki/etcd/ca.key 2>/dev/null; true',
      ),
    ).toBe('');
    expect(stateFiles(here.state).filter((file) => file.includes('etcd'))).toEqual([]);
    expect(await onHost('m1', 'stat -c %a:%U /etc/kubernetes/pki/apiserver-etcd-client.key')).toBe(
      '600:root\n',
    );
  });

  it('takes another endpoint with one restart of the API server alone', async () => {
    here.write(inventory(store.endpoints));
    const before = await startsOf(['m1']);
    expect(done(await here.run(['up'], { env: ALL }))).toEqual(WELL);
    expect(moved(before, await startsOf(['m1']))).toEqual(['m1 kube-apiserver.service']);
    const unit = await onHost('m1', 'cat /etc/systemd/system/kube-apiserver.service');
    expect(unit).toContain(`--etcd-servers=${store.endpoints.join(',')}`);
    here.write(inventory());
    expect(done(await here.run(['up'], { env: ALL }))).toEqual(WELL);
  });

  it('is not the only thing that was there before: names, clocks and folders are as the inventory says', async () => {
    await namesClocksAndFolders(here, inventory(), ALL);
  });

  it('that is down is told of, and nothing is changed for it', async () => {
    await store.stop();
    const before = await startsOf(['m1']);
    const down = await here.run(['up'], { env: CA_PASS });
    expect(down.errors[0]).toMatchObject({
      code: 'E_PREFLIGHT',
      message: expect.stringContaining(`${store.endpoints[0]} refuses connections`) as string,
    });
    expect(changedBy(down)).toBe(0);
    expect((await here.run(['status'], { env: CA_PASS })).code).not.toBe(0);
    await store.start();
    const up = await here.run(['up'], { env: CA_PASS });
    expect(done(up)).toEqual(WELL);
    expect(changedBy(up)).toBe(0);
    expect(moved(before, await startsOf(['m1']))).toEqual([]);
  });

  it('issues its certificate by itself', async () => {
    const { code, errors } = await here.run(['certs', 'renew', '--only', 'apiserver-etcd-client'], {
      env: ALL,
    });
    expect({ code, codes: errors.map((error) => error.code) }).toEqual({ code: 2, codes: ['E_CERT_NAME'] });
    const { stdout } = await here.run(['certs', 'list'], { env: CA_PASS });
    expect(stdout).toContain('CN=store client');
  });
});

describe('keys that are sealed', () => {
  it('are nowhere in the state folder', () => {
    expect(plainKeys(here.state)).toEqual([]);
    expect(existsSync(join(here.state, 'kubeconfig/admin.conf'))).toBe(false);
  });

  it('are not asked for by a run that changes nothing', async () => {
    const before = await startsOf(['m1']);
    const second = await here.run(['up'], { env: CA_PASS });
    expect(done(second)).toEqual(WELL);
    expect(changedBy(second)).toBe(0);
    expect((await here.run(['status'], { env: CA_PASS })).code).toBe(0);
    expect(moved(before, await startsOf(['m1']))).toEqual([]);
  });

  it('are asked for by who wants the administrator’s kubeconfig', async () => {
    const out = join(here.folder, 'admin.conf');
    const ask = ['users', 'kubeconfig', 'kubernetes-admin', '--out', out];
    const refused = await here.run(ask, { env: CA_PASS });
    expect({ code: refused.code, codes: refused.errors.map((error) => error.code) }).toEqual({
      code: 2,
      codes: ['E_PASSPHRASE'],
    });
    expect((await here.run(ask, { env: ALL })).code).toBe(0);
    const nodes = await command(client, ['--kubeconfig', out, 'get', 'nodes', '-o', 'name']);
    expect(nodes.stdout, nodes.stderr).toBe('node/m1\n');
  });

  it('can be typed on a terminal', async () => {
    writeFileSync(here.inventory, inventory().replace(", passphrase: '${env:CA_PASS}'", ''));
    const out = join(here.folder, 'typed.conf');
    const { stdout } = await here.onTerminal(
      ['users', 'kubeconfig', 'kubernetes-admin', '--out', out],
      'correct horse\n',
    );
    here.write(inventory());
    expect(existsSync(out), stdout).toBe(true);
    expect(stdout).toContain('Passphrase of the keys in the state folder: ');
    expect(stdout).not.toContain('correct horse');
  });
});

describe('adopt', () => {
  it('brings back what was lost, and changes nothing on the hosts', async () => {
    for (const [name, ...how] of [
      ['guest', '--role', 'view'],
      ['bot', '--auth', 'token', '--role', 'edit'],
    ] as const) {
      const issued = await here.run(['issue-user', name, ...how, '--out', join(here.folder, name)], {
        env: ALL,
      });
      expect(done(issued), name).toEqual(WELL);
    }
    const before = await startsOf(['m1']);
    renameSync(here.state, `${here.state}.lost`);
    const lost = await here.run(['up', '--accept-new-host-keys'], { env: ALL });
    expect({ code: lost.code, codes: lost.errors.map((error) => error.code) }).toEqual({
      code: 1,
      codes: ['E_STATE_MISSING'],
    });
    expect(lost.errors[0]?.message).toContain('k8s-bootstrap adopt');
    const adopted = await here.run(['adopt', '--accept-new-host-keys', '--encrypt-keys'], { env: ALL });
    expect(done(adopted)).toEqual(WELL);
    expect(plainKeys(here.state)).toEqual([]);
    for (const name of [
      'ca.crt',
      'ca.chain.crt',
      'front-proxy-ca.crt',
      'users-ca.crt',
      'sa.pub',
      'admin.crt',
    ]) {
      expect(readFileSync(join(here.state, 'pki', name), 'utf8'), name).toBe(
        readFileSync(join(`${here.state}.lost`, 'pki', name), 'utf8'),
      );
    }
    expect(readFileSync(join(here.state, 'tokens.csv'), 'utf8')).toBe(
      readFileSync(join(`${here.state}.lost`, 'tokens.csv'), 'utf8'),
    );
    const again = await here.run(['up'], { env: CA_PASS });
    expect(done(again)).toEqual(WELL);
    expect(changedBy(again)).toBe(0);
    expect(moved(before, await startsOf(['m1']))).toEqual([]);
  });

  it('and up --prune after it leaves the users in whom issue-user made', async () => {
    const pruned = await here.run(['up', '--prune'], { env: ALL });
    expect(done(pruned)).toEqual(WELL);
    expect(changedBy(pruned)).toBe(0);
    for (const name of ['guest', 'bot']) {
      const file = join(here.folder, name, `${name}.kubeconfig`);
      const pods = await command(client, ['--kubeconfig', file, 'get', 'pods', '-o', 'name']);
      expect({ name, code: pods.code, stderr: pods.stderr }).toEqual({ name, code: 0, stderr: '' });
    }
  });

  it('finds nothing to bring back when it runs again', async () => {
    const again = await here.run(['adopt'], { env: ALL });
    expect(done(again)).toEqual(WELL);
    expect(again.events.find(({ type }) => type === 'result')).toMatchObject({
      data: { files: [], tokens: 0 },
    });
  });
});

describe('a registry that asks who pulls', () => {
  it('lets containerd pull for a pod, and its password is nowhere but in a file of root’s', async () => {
    await pullsWithALogin(here, inventory(), ALL);
  });
});

describe('keys that are opened for good', () => {
  it('lie there as files again, and so does the kubeconfig', async () => {
    const run = await here.run(['up', '--no-encrypt-keys'], { env: ALL });
    expect(done(run)).toEqual(WELL);
    expect(changedBy(run)).toBe(0);
    expect(plainKeys(here.state)).toContain('pki/ca.key');
    const args = [
      '--kubeconfig',
      join(here.state, 'kubeconfig/admin.conf'),
      'get',
      'secrets',
      '-n',
      'kube-system',
    ];
    const secrets = await command(client, args);
    expect(secrets.stdout, secrets.stderr).toContain('kubernetes.io/service-account-token');
  });
});
