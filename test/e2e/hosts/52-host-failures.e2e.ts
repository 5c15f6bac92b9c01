import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { badMirror } from '../support/bad-mirror.ts';
import { addressOf, onHost, settings, tryOnHost } from '../support/lab.ts';
import { otherKeys } from '../support/other-keys.ts';
import {
  type Ended,
  type Scene,
  type ToldError,
  aloneInventory,
  filesBelow,
  mirror,
  scene,
  wipe,
  nothingToDo,
} from '../support/scene.ts';

// One host from bare to a cluster, with something in the way at every step; the last one goes through.
let here: Scene;

const UP = ['up', '--accept-new-host-keys'];

/** The inventory with other lines, and an empty cache, so that everything is fetched. */
const withMirror = (url: string): string =>
  aloneInventory('scene')
    .replace(mirror, url)
    .replace('\nartifacts:\n', `\nartifacts:\n  cache: ${here.folder}/other-cache\n`);

function expectError(ended: Ended, code: string, exitCode = 1): ToldError {
  const codes = ended.errors.map((error) => error.code);
  expect({ code: ended.code, codes }, JSON.stringify(ended.errors, null, 2)).toEqual({
    code: exitCode,
    codes: expect.arrayContaining([code]) as string[],
  });
  expect(codes).not.toContain('E_BUG');
  const error = ended.errors.find((one) => one.code === code);
  if (!error) throw new Error('unreachable');
  expect(error.hint ?? '').not.toBe('');
  return error;
}

/** What a run that was cut in the middle of a file would leave. */
const leftOvers = (): Promise<string> =>
  onHost(
    'm1',
    `find /etc /usr/local /opt /var/lib/k8s-bootstrap /var/lib/kubelet/pki -name '.k8s-bootstrap.*' -o -path '*/k8s-bootstrap/*.new' 2>/dev/null
    find /run /tmp -maxdepth 1 -name 'k8s-bootstrap.*'`,
  );

const untouched = async (): Promise<void> => {
  const { code } = await tryOnHost(
    'm1',
    'test -e /var/lib/k8s-bootstrap || test -e /usr/local/bin/kubelet || test -d /etc/kubernetes/pki',
  );
  expect(code).toBe(1);
  expect(filesBelow(here.state)).toEqual(['known_hosts']);
};

beforeAll(async () => {
  await wipe('m1');
  here = scene('scene', aloneInventory('scene'));
});
afterEach(async () => {
  expect(await leftOvers()).toBe('');
});
afterAll(() => {
  here.remove();
});

describe('before anything is touched', () => {
  const inTheWay = async (
    prepare: string,
    undo: string,
    code: string,
    args: readonly string[] = [],
  ): Promise<ToldError> => {
    await onHost('m1', prepare);
    try {
      const error = expectError(await here.run([...UP, ...args]), code);
      if (!prepare.includes('/var/lib/k8s-bootstrap')) await untouched();
      return error;
    } finally {
      await onHost('m1', undo);
    }
  };

  it("kubeadm's manifest stops it, and cannot be ignored", async () => {
    const file = '/etc/kubernetes/manifests/kube-apiserver.yaml';
    const prepare = `mkdir -p /etc/kubernetes/manifests && touch ${file}`;
    const error = await inTheWay(prepare, 'rm -r /etc/kubernetes', 'E_FOREIGN_HOST', [
      '--ignore-preflight',
      'foreign-host',
    ]);
    expect(error.message).toContain(file);
  });

  it("another cluster's mark stops it, and is named", async () => {
    const prepare = `mkdir -p /var/lib/k8s-bootstrap && printf 'name other\\nca 00ff\\n' > /var/lib/k8s-bootstrap/cluster`;
    const error = await inTheWay(prepare, 'rm -r /var/lib/k8s-bootstrap', 'E_FOREIGN_HOST');
    expect(error.message).toContain('belongs to the cluster "other", not to "scene"');
  });

  it.each([6443, 10250])('port %d in use stops it, and its user is named', async (port) => {
    const prepare = `systemd-run --quiet --collect --unit taken python3 -m http.server ${port}; until ss -ltn | grep -q :${port}; do sleep 0.1; done`;
    const error = await inTheWay(prepare, 'systemctl stop taken', 'E_PREFLIGHT');
    expect(error.message).toContain(`port ${port} is in use by python3`);
    expect(error.hint).toContain('--ignore-preflight ports');
  });
});

describe('while it works', () => {
  it('a package that no repository has is named', async () => {
    here.write(aloneInventory('scene', 'm1', 'os: { packages: [no-such-package] }\n'));
    const error = expectError(await here.run(UP), 'E_PACKAGE');
    expect(error.message).toContain('no-such-package');
    expect(error.where).toMatchObject({ host: 'm1', phase: 'packages' });
  });

  it('a full disk leaves no half binary', async () => {
    here.write(aloneInventory('scene'));
    await onHost('m1', 'mkdir -p /usr/local/bin && mount -t tmpfs -o size=1M tmpfs /usr/local/bin');
    try {
      const error = expectError(await here.run(UP), 'E_DISK_FULL');
      expect(error.where.host).toBe('m1');
      expect(await onHost('m1', 'ls -A /usr/local/bin')).toBe('');
    } finally {
      await onHost('m1', 'umount /usr/local/bin');
    }
  });

  it('a binary that is not on any mirror is named, with the place that was asked', async () => {
    const bad = await badMirror('/kube-apiserver', 'missing');
    here.write(withMirror(bad.url));
    try {
      const error = expectError(await here.run(UP), 'E_DOWNLOAD');
      expect(error.message).toContain(`${bad.url}/release/v1.16.3/bin/linux/amd64/kube-apiserver`);
      expect(error.message).toContain('404');
      expect((await tryOnHost('m1', 'test -e /usr/local/bin/kube-apiserver')).code).toBe(1);
    } finally {
      await bad.close();
    }
  });

  it('a binary with another checksum is refused, and neither installed nor kept', async () => {
    const bad = await badMirror('/kube-apiserver', 'corrupt');
    here.write(withMirror(bad.url));
    try {
      const error = expectError(await here.run(UP), 'E_CHECKSUM');
      expect(error.message).toMatch(/kube-apiserver[^]*SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
      expect((await tryOnHost('m1', 'test -e /usr/local/bin/kube-apiserver')).code).toBe(1);
      expect(
        filesBelow(join(here.folder, 'other-cache')).filter((path) => path.endsWith('kube-apiserver')),
      ).toEqual([]);
    } finally {
      await bad.close();
    }
  });

  it('a unit that does not start shows its last words', async () => {
    here.write(aloneInventory('scene', 'm1', 'scheduler: { extraArgs: { v: many } }\n'));
    const error = expectError(await here.run(UP), 'E_GATE');
    expect(error.message).toContain('invalid argument "many"');
    expect(error.message).toContain('kube-scheduler.service has ended 3 times in ');
    expect(error.hint).toContain('extraArgs');
    expect(error.where).toMatchObject({ host: 'm1', phase: 'scheduler' });
  });

  it('and without all that it goes through, on what is there', async () => {
    here.write(aloneInventory('scene'));
    const first = await here.run(UP);
    expect({ code: first.code, errors: first.errors }).toEqual({ code: 0, errors: [] });
    const second = await here.run(UP);
    expect(second.events.at(-1)).toMatchObject({ type: 'summary', changed: 0, failed: 0 });
    expect(second.code).toBe(0);
  });
});

describe('a cluster that stands', () => {
  it('keeps its binary when the new one is not what it should be', async () => {
    await onHost('m1', 'echo more >> /usr/local/bin/kubectl');
    const before = await onHost('m1', 'sha256sum /usr/local/bin/kubectl');
    const bad = await badMirror('/kubectl', 'corrupt');
    here.write(withMirror(bad.url));
    try {
      expectError(await here.run(UP), 'E_CHECKSUM');
      expect(await onHost('m1', 'sha256sum /usr/local/bin/kubectl')).toBe(before);
    } finally {
      await bad.close();
      here.write(aloneInventory('scene'));
    }
    expect((await here.run(UP)).code).toBe(0);
  });

  it('is well by status, which says with code 3 what is not', async () => {
    const well = await here.run(['status']);
    expect({ code: well.code, well: statusOf(well).well }).toEqual({ code: 0, well: true });
    expect(well.events.at(-1)).toMatchObject({ type: 'summary', hosts: [{ connections: 1, execs: 1 }] });

    await onHost('m1', 'systemctl stop kube-scheduler');
    const down = await here.run(['status']);
    expect(down.code).toBe(3);
    expect(statusOf(down).hosts[0]?.problems).toEqual(
      expect.arrayContaining([
        'kube-scheduler.service is inactive',
        expect.stringMatching(/^1 change is due: start kube-scheduler/),
      ]),
    );
    await onHost('m1', 'systemctl start kube-scheduler');
  });

  it('shows by status --deep a binary that was changed behind its size and times', async () => {
    const binary = '/usr/local/bin/kubectl';
    // What a digest cache believes: rewritten for the changed file.
    await onHost(
      'm1',
      `set -e
      cp -p ${binary} /tmp/kept
      printf X | dd of=${binary} bs=1 seek=4000 conv=notrunc status=none
      key=$(stat -c '%d:%i:%s:%.9Y:%.9Z' ${binary}) sum=$(sha256sum < /tmp/kept | cut -c1-64)
      sed -i "\\\\# ${binary}\\$#d" /var/lib/k8s-bootstrap/digests
      echo "$key $sum ${binary}" >> /var/lib/k8s-bootstrap/digests`,
    );
    try {
      expect(statusOf(await here.run(['status'])).hosts[0]?.problems.join()).not.toContain('was changed');
      const deep = await here.run(['status', '--deep']);
      expect(deep.code).toBe(3);
      expect(statusOf(deep).hosts[0]?.problems).toContainEqual(
        expect.stringContaining(`${binary} was changed`),
      );
    } finally {
      await onHost('m1', `mv /tmp/kept ${binary}; rm -f /var/lib/k8s-bootstrap/digests`);
      await here.run(UP);
    }
  });

  it('is not touched without its state folder, and no new keys are made', async () => {
    const away = join(here.folder, 'away');
    const before = await onHost('m1', PKI_SUMS);
    cpSync(join(here.state, 'known_hosts'), join(here.folder, 'known_hosts'));
    renameSync(here.state, away);
    try {
      const error = expectError(await here.run(UP), 'E_STATE_MISSING');
      expect(error.message).toContain('Bring back the state folder');
      expect(filesBelow(here.state)).toEqual(['known_hosts']);
      expect(await onHost('m1', PKI_SUMS)).toBe(before);
    } finally {
      rmSync(here.state, { recursive: true, force: true });
      renameSync(away, here.state);
    }
    await nothingToDo(here);
  });

  it('is not touched with keys of a backup of another day', async () => {
    const pki = join(here.state, 'pki');
    const before = await onHost('m1', PKI_SUMS);
    for (const { files, make, told } of otherKeys) {
      for (const name of files) renameSync(join(pki, name), join(here.folder, name));
      try {
        make(pki);
        const error = expectError(await here.run(UP), 'E_STATE_OTHER');
        expect(error.message).toContain(`m1: was given ${told} by another state folder`);
        expect(await onHost('m1', PKI_SUMS)).toBe(before);
      } finally {
        for (const name of files) renameSync(join(here.folder, name), join(pki, name));
      }
    }
    await nothingToDo(here);
  });

  it('goes on without a worker that cannot be reached, and ends with 4', async () => {
    const lost = `  - { name: w9, address: ${settings.net}.99, roles: [worker], ssh: { connectTimeoutSeconds: 2 } }\n`;
    const [hosts = '', ...rest] = aloneInventory('scene').split('\nssh:\n');
    here.write(`${hosts}\n${lost}\nssh:\n${rest.join('\nssh:\n')}`);
    const ended = await here.run(UP);
    expect(ended.code, JSON.stringify(ended.errors, null, 2)).toBe(4);
    expect(ended.events.at(-1)).toMatchObject({
      failed: 1,
      hosts: [
        { name: 'm1', failed: false },
        { name: 'w9', failed: true },
      ],
    });
  });

  it('has its journals in logs', async () => {
    here.write(aloneInventory('scene'));
    const { code, events } = await here.run(['logs', 'etcd', '-n', '3']);
    const lines = events
      .filter(({ type }) => type === 'result')
      .map(({ data }) => data as { host: string; from: string; at: number });
    expect({ code, count: lines.length }).toEqual({ code: 0, count: 3 });
    expect(lines.every(({ host, from }) => host === 'm1' && /^[\w-]+\[\d+\]$/.test(from))).toBe(true);
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted((a, b) => a - b));
  });

  it('is entered by ssh, with the code of what was run there', async () => {
    const ended = await here.run(['ssh', 'm1', 'echo', '$SSH_CONNECTION', ';', 'exit', '9']);
    expect({ code: ended.code, out: ended.stdout.trim().split(' ')[2] }).toEqual({
      code: 9,
      out: addressOf('m1'),
    });
  });
});

const PKI_SUMS = 'find /etc/kubernetes/pki -type f -exec sha256sum {} + | sort';

interface Status {
  readonly well: boolean;
  readonly hosts: readonly { readonly problems: readonly string[] }[];
}

const statusOf = ({ events }: Ended): Status =>
  events.find(({ type }) => type === 'result')?.['data'] as Status;
