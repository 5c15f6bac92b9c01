import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownErrors } from '../../../src/release/known-errors.ts';
import { HOSTS, lab, onHost, settings } from '../support/lab.ts';
import { type Scene, aloneInventory, explained, nothingToDo, scene, wipe } from '../support/scene.ts';

/** Causes that `release/known-errors.yaml` knows, made on a real host: whoever fails by one is told that one. */

interface Cause {
  readonly code: string;
  /** Sections of the inventory. */
  readonly more?: string;
  /** What is done on the host before `up`, and after it. */
  readonly make?: string;
  readonly mend?: string;
  readonly options?: readonly string[];
}

const flag = (section: string, name: string, value: string): string =>
  `${section}: { extraArgs: { ${name}: ${value} } }\n`;
const putOver = (unit: string, lines: string): Pick<Cause, 'make' | 'mend' | 'more'> => {
  const file = `/etc/systemd/system/${unit}.service.d/theirs.conf`;
  return {
    more: `os: { acceptDropIns: [${file}] }\n`,
    make: `mkdir -p ${file.replace('/theirs.conf', '')}; printf '[Service]\n${lines}\n' > ${file}; systemctl daemon-reload; systemctl stop ${unit}`,
    mend: `rm -r ${file.replace('/theirs.conf', '')}; systemctl daemon-reload`,
  };
};

const CAUSES: readonly Cause[] = [
  { code: 'E_FLAG_VALUE', more: flag('scheduler', 'v', 'high') },
  { code: 'E_KUBECONFIG_MISSING', more: flag('scheduler', 'kubeconfig', '/etc/nowhere.conf') },
  { code: 'E_EXEC', ...putOver('kube-scheduler', 'ExecStart=\nExecStart=/usr/local/bin/nowhere') },
  {
    code: 'E_PORT_IN_USE',
    make: 'systemctl stop kube-scheduler; systemd-run -q --unit squatter socat TCP-LISTEN:10259,bind=127.0.0.1,fork,reuseaddr /dev/null; sleep 1',
    mend: 'systemctl stop squatter',
    options: ['--ignore-preflight', 'ports'],
  },
  { code: 'E_ADMISSION_PLUGIN', more: flag('apiServer', 'enable-admission-plugins', 'NoSuch') },
  { code: 'E_AUDIT_POLICY', more: flag('apiServer', 'audit-policy-file', '/etc/broken.yaml') },
  { code: 'E_ENCRYPTION_CONFIG', more: flag('apiServer', 'encryption-provider-config', '/etc/broken.yaml') },
  { code: 'E_CERTIFICATE_MISSING', more: flag('apiServer', 'tls-cert-file', '/etc/nowhere.crt') },
  { code: 'E_KEY_MISMATCH', more: flag('apiServer', 'tls-private-key-file', '/etc/other.key') },
  { code: 'E_COMPONENT_CONFIG', more: flag('kubelet', 'config', '/etc/broken.yaml') },
  {
    code: 'E_PROXY_CONFIG',
    more: 'kubeProxy: { config: { conntrack: { maxPerCore: 0 }, iptables: { masqueradeBit: 99 } } }\n',
  },
  {
    code: 'E_READ_ONLY_DISK',
    make: 'rm /usr/local/bin/kubectl; mount --bind /usr/local/bin /usr/local/bin; mount -o remount,bind,ro /usr/local/bin',
    mend: 'umount /usr/local/bin',
  },
  {
    code: 'E_REPOSITORY',
    more: 'os: { packages: [tcpdump] }\n',
    make: `printf '[theirs]\nname=theirs\nbaseurl=http://${settings.controller}:8080/nowhere\nenabled=1\ngpgcheck=0\n' > /etc/yum.repos.d/theirs.repo`,
    mend: 'rm /etc/yum.repos.d/theirs.repo',
  },
  {
    code: 'E_ETCD_DATA_DAMAGED',
    make: 'systemctl stop etcd; for f in /var/lib/etcd/member/wal/*.wal; do cp $f /root/; printf XXXXXXXX | dd of=$f bs=1 seek=4 conv=notrunc status=none; done',
    mend: 'systemctl stop etcd; cd /root; for f in *.wal; do cat $f > /var/lib/etcd/member/wal/$f; done; rm *.wal',
  },
];

let here: Scene;
const inventory = (more = ''): string => aloneInventory('causes', 'm1', more);
const hintOf = (code: string): string | undefined => knownErrors().find((one) => one.code === code)?.hint;

beforeAll(async () => {
  await wipe(...HOSTS);
  here = scene('causes', inventory());
  const first = await here.run(['up', '--accept-new-host-keys']);
  expect(first.code, explained(first)).toBe(0);
  await onHost(
    'm1',
    `echo 'no: [yaml' > /etc/broken.yaml; openssl genrsa -out /etc/other.key 2048 2>/dev/null`,
  );
}, 600_000);

afterAll(async () => {
  here.remove();
  await lab('wipe', 'm1');
});

describe('what does not come up says why', () => {
  test.each(CAUSES)(
    '$code',
    async ({ code, more = '', make = ':', mend = ':', options = [] }) => {
      here.write(inventory(more));
      await onHost('m1', make);
      try {
        const ended = await here.run(['up', ...options]);
        expect(ended.code, explained(ended)).not.toBe(0);
        expect(
          ended.errors.map(({ hint }) => hint),
          explained(ended),
        ).toContainEqual(expect.stringContaining(hintOf(code)!));
      } finally {
        await onHost('m1', mend);
      }
    },
    300_000,
  );

  test('and with all of it mended one run is enough', async () => {
    here.write(inventory());
    const ended = await here.run(['up']);
    expect(ended.code, explained(ended)).toBe(0);
    await nothingToDo(here);
  }, 300_000);
});

describe('an account that lets nobody in says why', () => {
  test.each([
    { code: 'E_ACCOUNT_PASSWORD', make: 'chage -d 0 ops', mend: 'chage -d -1 ops' },
    { code: 'E_ACCOUNT_EXPIRED', make: 'chage -E 0 ops', mend: 'chage -E -1 ops' },
    { code: 'E_LOGIN_SHELL', make: 'usermod -s /usr/sbin/nologin ops', mend: 'usermod -s /bin/bash ops' },
    { code: 'E_HOST_NOT_UP', make: 'echo System is booting up. > /run/nologin', mend: 'rm /run/nologin' },
  ])('$code', async ({ code, make, mend }) => {
    here.write(
      inventory().replace('\n  user: root\n', '\n  user: ops\n  sudo: { password: ops-password }\n'),
    );
    await onHost('m1', make);
    try {
      const ended = await here.run(['plan']);
      expect(ended.errors[0]?.code, explained(ended)).toBe(code);
    } finally {
      await onHost('m1', mend);
    }
  });
});
