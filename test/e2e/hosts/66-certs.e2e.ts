import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Row,
  certs,
  greeted,
  list,
  newAuthority,
  newClient,
  planned,
  product,
  renew,
  restarted,
  rowOf,
  shown,
} from '../support/certs.ts';
import { HOSTS, addressOf, onHost, onHosts } from '../support/lab.ts';
import { eventually, kubectl, tryKubectl } from '../support/kubectl.ts';
import {
  type Event,
  k8sb,
  kubeconfigFile,
  standingCluster,
  stateFolder,
  up,
  workFolder,
} from '../support/product.ts';
import { startsOf } from '../support/units.ts';

const APISERVER = '/etc/kubernetes/pki/apiserver.crt';
const KUBELET = '/var/lib/kubelet/pki/kubelet.crt';
const folder = join(workFolder, 'certs');

beforeAll(async () => {
  await standingCluster();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
});

afterAll(async () => {
  for (const id of ['users', 'cluster']) {
    await certs('trust', id, join(folder, 'other.crt'), '--remove');
  }
  await product('users', 'revoke', 'certs-user');
  await up('--prune');
});

describe('certs list', () => {
  let rows: readonly Row[];
  let code: number;
  let events: readonly Event[];

  beforeAll(async () => {
    ({ rows, code, events } = await list());
  });

  test('looks at each host once', () => {
    expect(code).toBe(0);
    const { hosts } = events.at(-1) as unknown as { hosts: { connections: number; execs: number }[] };
    expect(hosts.map(({ execs }) => execs)).toEqual([1, 1, 1]);
  });

  test('agrees with what openssl reads on every host', async () => {
    const texts = await onHosts(
      `for f in $(find /etc/kubernetes /etc/etcd /var/lib/kubelet/pki -name '*.crt' | sort); do
        printf '%s|%s|%s\\n' "$f" "$(openssl x509 -noout -serial -in "$f" | cut -d= -f2)" "$(openssl x509 -noout -enddate -in "$f" | cut -d= -f2)"
      done`,
    );
    for (const [host, text] of texts) {
      const there = text
        .trim()
        .split('\n')
        .map((line) => line.split('|') as [string, string, string]);
      expect(there.length).toBeGreaterThanOrEqual(host === 'm1' ? 19 : 4);
      for (const [file, serial, end] of there) {
        const row = rows.find((one) => one.host === host && one.file === file);
        expect([file, row?.serial, row?.notAfter]).toEqual([
          file,
          serial.toLowerCase(),
          new Date(end).toISOString(),
        ]);
      }
    }
    const embedded = rows.find(({ host, file }) => host === 'm1' && file === '/etc/kubernetes/admin.conf');
    const own = rows.find(({ host, file }) => host === null && file === 'kubeconfig/admin.conf');
    expect(embedded?.serial).toBe(own?.serial);
  });

  test('agrees with what the ports show', async () => {
    const served = rows.filter((row) => row.served !== null);
    expect(
      served.map(({ host, file, served: by }) => `${String(host)} ${file ?? '-'} ${by!.state}`).sort(),
    ).toEqual([
      'm1 - same',
      'm1 - same',
      'm1 /etc/etcd/pki/peer.crt same',
      'm1 /etc/etcd/pki/server.crt same',
      `m1 ${APISERVER} same`,
      `m1 ${KUBELET} same`,
      `w1 ${KUBELET} same`,
      `w2 ${KUBELET} same`,
    ]);
    for (const { served: by } of served.filter(({ file }) => file !== null)) {
      expect([by!.address, await shown(by!.address)]).toEqual([by!.address, by!.serial]);
    }
  });

  test('shows one that was swapped and is not served yet, and whom to restart', async () => {
    await onHost('w1', `cp -a ${KUBELET} /root/kept.crt; cp /etc/kubernetes/pki/ca.crt ${KUBELET}`);
    try {
      expect((await rowOf('w1', KUBELET)).served).toMatchObject({ state: 'other' });
      const { stdout } = await certs('list', '--plain', '--host', 'w1');
      expect(stdout).toContain(
        `w1: ${addressOf('w1')}:10250 serves another certificate than ${KUBELET}: restart kubelet.service`,
      );
      expect(stdout).not.toMatch(/^m1 /m);
    } finally {
      await onHost('w1', `mv -f /root/kept.crt ${KUBELET}`);
    }
    expect((await rowOf('w1', KUBELET)).served).toMatchObject({ state: 'same' });
  });

  test('exits with 3 when something ends within the time asked about', async () => {
    const far = await list('--within', '4000d');
    expect([far.code, far.rows.length]).toEqual([3, rows.length]);
    const components = await list('--within', '1100d');
    expect(components.code).toBe(3);
    expect(components.rows.some(({ authority }) => authority)).toBe(false);
    const none = await list('--within', '12h');
    expect([none.code, none.rows]).toEqual([0, []]);
  });

  test('sends no key', async () => {
    const { stdout, stderr } = await certs('list', '--json', '-v');
    expect(stdout + stderr).not.toMatch(/PRIVATE KEY|key-data/);
  });
});

describe('certs renew', () => {
  const wanted = [
    `m1 certificate:${APISERVER} renewal was asked for`,
    'm1 service:kube-apiserver.service restart',
  ];

  test('shows what it would do, and does nothing', async () => {
    const [before, row] = await Promise.all([startsOf(), rowOf('m1', APISERVER)]);
    expect(planned(await renew('--dry-run', '--only', 'apiserver'))).toEqual(wanted);
    expect(await restarted(before)).toEqual([]);
    expect(await rowOf('m1', APISERVER)).toEqual(row);
  });

  test('of the API server’s restarts it, and nothing else', async () => {
    const [before, row] = await Promise.all([startsOf(), rowOf('m1', APISERVER)]);
    const ca = await onHost('m1', 'sha256sum /etc/kubernetes/pki/*ca.crt /etc/kubernetes/pki/*.key');
    expect(planned(await renew('--only', 'apiserver'))).toEqual(wanted);
    expect(await restarted(before)).toEqual(['m1 kube-apiserver.service']);
    const now = await rowOf('m1', APISERVER);
    expect(now.serial).not.toBe(row.serial);
    expect(now.served).toMatchObject({ state: 'same', serial: now.serial });
    const after = await onHost('m1', 'sha256sum /etc/kubernetes/pki/*ca.crt /etc/kubernetes/pki/*.key');
    const key = /^\S+ {2}\/etc\/kubernetes\/pki\/apiserver\.key$/m;
    expect(after.replace(key, '')).toBe(ca.replace(key, ''));
    expect(after).not.toBe(ca);
    const second = await up();
    expect(second.summary.changed).toBe(0);
  });

  test('of one host leaves the others alone', async () => {
    const before = await startsOf();
    const lines = planned(await renew('--host', 'w1'));
    expect(lines.every((line) => line.startsWith('w1 '))).toBe(true);
    expect(await restarted(before)).toEqual([
      'w1 k8s-bootstrap-balancer.service',
      'w1 kube-proxy.service',
      'w1 kubelet.service',
    ]);
  });

  test('of the administrator’s restarts nothing, and kubectl goes on', async () => {
    const before = await startsOf();
    const old = readFileSync(join(stateFolder, 'pki', 'admin.crt'), 'utf8');
    await renew('--only', 'admin');
    expect(await restarted(before)).toEqual([]);
    expect(readFileSync(join(stateFolder, 'pki', 'admin.crt'), 'utf8')).not.toBe(old);
    const { rows } = await list();
    const copies = rows.filter(({ file }) => /admin\.(crt|conf)$/.test(file ?? ''));
    expect(copies).toHaveLength(4);
    expect(new Set(copies.map(({ serial }) => serial)).size).toBe(1);
    await kubectl(['get', 'nodes']);
  });

  test('of all leaves a cluster with nothing to do', async () => {
    const before = (await list()).rows.filter(({ name }) => name !== null);
    await renew();
    const after = (await list()).rows.filter(({ name }) => name !== null);
    const same = after.filter((row) => before.some(({ serial }) => serial === row.serial));
    expect(same).toEqual([]);
    expect(after.filter(({ served }) => served && served.state !== 'same')).toEqual([]);
    expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  });
});

describe('another authority', () => {
  beforeAll(async () => {
    await newAuthority(folder, 'other', 'another-ca');
    await newClient(folder, 'other', 'newcomer');
    const { code, stderr } = await product('issue-user', 'certs-user', '--out', folder);
    expect(code, stderr).toBe(0);
  });

  test('is unknown at first', async () => {
    expect(await greeted(folder, 'newcomer')).toBe('unknown');
    expect(await greeted(folder, 'certs-user')).toBe('known');
  });

  test('for users lets in whom it has issued, beside the old ones, after one restart of the API server', async () => {
    const before = await startsOf();
    expect((await certs('trust', 'users', join(folder, 'other.crt'))).code).toBe(0);
    expect(await restarted(before)).toEqual([]);
    await up();
    expect(await restarted(before)).toEqual(['m1 kube-apiserver.service']);
    expect(await greeted(folder, 'newcomer')).toBe('known');
    expect(await greeted(folder, 'certs-user')).toBe('known');
    await kubectl(['get', 'nodes']);
    const { rows } = await list();
    const files = rows.filter(({ file }) => file === '/etc/kubernetes/pki/client-ca.crt');
    expect(files.map(({ authority }) => authority)).toEqual([true, true, true]);
    expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  test('is refused once it is removed; the old ones are not', async () => {
    expect((await certs('trust', 'users', join(folder, 'other.crt'), '--remove')).code).toBe(0);
    await up();
    expect(await greeted(folder, 'newcomer')).toBe('unknown');
    expect(await greeted(folder, 'certs-user')).toBe('known');
  });

  test('for the cluster is in every trust file, and all components live with it', async () => {
    expect((await certs('trust', 'cluster', join(folder, 'other.crt'))).code).toBe(0);
    await up();
    const counted = await onHosts('grep -c "BEGIN CERTIFICATE" /etc/kubernetes/pki/ca.crt');
    expect([...counted.values()].map((text) => text.trim())).toEqual(HOSTS.map(() => '2'));
    const kubeconfig = readFileSync(kubeconfigFile, 'utf8');
    const data = /certificate-authority-data: (\S+)/.exec(kubeconfig)?.[1] ?? '';
    expect(Buffer.from(data, 'base64').toString('utf8').match(/BEGIN/g)).toHaveLength(2);
    await kubectl(['get', 'nodes']);
    // The controller-manager hands it to pods, and still signs.
    await eventually(async () => {
      const secret = await kubectl([
        'get',
        'secret',
        '-o',
        'jsonpath={.items[?(@.type=="kubernetes.io/service-account-token")].data.ca\\.crt}',
      ]);
      expect(
        Buffer.from(secret.split(' ')[0] ?? '', 'base64')
          .toString('utf8')
          .match(/BEGIN/g),
      ).toHaveLength(2);
    });
    expect(await onHost('m1', 'systemctl is-active kube-controller-manager')).toBe('active\n');
    expect(await onHost('m1', 'grep -c "BEGIN CERTIFICATE" /etc/kubernetes/pki/ca-signing.crt')).toBe('1\n');
    expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  test('for the cluster leaves nothing behind when it goes', async () => {
    expect((await certs('trust', 'cluster', join(folder, 'other.crt'), '--remove')).code).toBe(0);
    await up();
    expect(await onHost('m1', 'ls /etc/kubernetes/pki/ca-signing.crt 2>/dev/null || echo none')).toBe(
      'none\n',
    );
    const plan = await k8sb(['plan', '--detailed-exitcode']);
    expect(plan.code).toBe(0);
    expect(JSON.stringify(plan.events)).not.toContain('ca-signing');
  });
});

describe('an authority', () => {
  const pki = (name: string): string => join(stateFolder, 'pki', name);
  const [old, next] = [join(folder, 'old.crt'), join(folder, 'next.crt')];
  const issuers = async (): Promise<string[]> => {
    const { rows } = await list();
    return [...new Set(rows.filter(({ name }) => name !== null).map(({ issuer }) => issuer))].sort();
  };
  const formerAdmin = join(folder, 'former-admin.conf');

  beforeAll(async () => {
    copyFileSync(pki('ca.crt'), old);
    // What a run that was cut here has left.
    await certs('trust', 'cluster', pki('ca.trusted.crt'), '--remove');
    await newAuthority(folder, 'next', 'kubernetes-ca g2');
  });

  test('hands over to another, and every component follows', async () => {
    expect((await certs('trust', 'cluster', next)).code).toBe(0);
    await up();
    copyFileSync(kubeconfigFile, formerAdmin);
    copyFileSync(next, pki('ca.crt'));
    copyFileSync(join(folder, 'next.key'), pki('ca.key'));
    expect((await certs('trust', 'cluster', old)).code).toBe(0);
    await up();
    expect(await issuers()).toEqual(['CN=etcd-ca', 'CN=front-proxy-ca', 'CN=kubernetes-ca g2']);
    expect(readFileSync(pki('ca.trusted.crt'), 'utf8')).toBe(readFileSync(old, 'utf8'));
    await kubectl(['get', 'nodes']);
    // Whoever got both to trust is let in by what the former one issued, for as long as that is trusted.
    await kubectl(['--kubeconfig', formerAdmin, 'get', 'nodes']);
    expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  test('is believed no more once it is dropped', async () => {
    expect((await certs('trust', 'cluster', old, '--remove')).code).toBe(0);
    await up();
    await kubectl(['get', 'nodes']);
    expect((await tryKubectl(['--kubeconfig', formerAdmin, 'get', 'nodes'])).code).not.toBe(0);
    expect(readFileSync(pki('ca.trusted.crt'), 'utf8')).toBe('');
    const ready = await kubectl(['get', 'nodes', '--no-headers']);
    expect(
      ready
        .trim()
        .split('\n')
        .map((line) => line.split(/ +/)[1]?.split(',')[0]),
    ).toEqual(HOSTS.map(() => 'Ready'));
    expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  });
});
