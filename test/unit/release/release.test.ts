import { readFileSync, readdirSync } from 'node:fs';
import { load } from 'js-yaml';
import compare from 'semver/functions/compare.js';
import { describe, expect, it } from 'vitest';
import { COMPONENTS, CONFIGURED } from '../../../src/kernel/components.ts';
import { archOf, knownVersions, loadRelease, programsIn } from '../../../src/release/release.ts';

const release = loadRelease('v1.16.3');
const minors = [...new Set(knownVersions().map((version) => loadRelease(version).minor))];
const filesIn = (folder: string): string[] =>
  readdirSync(new URL(`../../../${folder}/`, import.meta.url)).sort();

describe('loadRelease', () => {
  it('knows its versions, oldest first', () => {
    expect(knownVersions()).toEqual(['v1.16.3', 'v1.16.15']);
  });

  it('takes a version with or without its v', () => {
    expect(loadRelease('1.16.3').version).toBe('v1.16.3');
  });

  it.each(knownVersions())('loads %s with everything that goes with it', (version) => {
    const loaded = loadRelease(version);
    expect(loaded.version).toBe(version);
    expect(loaded.minor).toBe('v1.16');
    expect(loaded.pauseImage).toBe('k8s.gcr.io/pause:3.1');
    expect(loaded.etcd.tried).toContain(loaded.etcd.version);
    expect(loaded.cni.tried).toContain(loaded.cni.version);
    for (const name of ['kubelet', 'kubectl', 'etcd', 'cni-plugins']) {
      expect(loaded.artifact(name, 'amd64').checksum, name).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it.each(knownVersions())(
    'knows of every binary of %s what it, or the archive that it is in, has to be',
    (version) => {
      const names = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'];
      for (const name of [...names, 'kubectl', 'kubeadm']) {
        for (const arch of ['amd64', 'arm64'] as const) {
          const { within } = loadRelease(version).artifact(name, arch);
          expect(within?.checksum, `${name} ${arch}`).toMatch(/^[0-9a-f]{128}$/);
          expect(within?.archive?.members).toContain(name);
        }
      }
    },
  );

  it('names the known versions when asked for another', () => {
    expect(() => loadRelease('v1.19.0')).toThrow(
      expect.objectContaining({ code: 'E_RELEASE', hint: 'Choose one of v1.16.3, v1.16.15.' }),
    );
    expect(() => loadRelease('latest')).toThrow(expect.objectContaining({ code: 'E_VERSION' }));
  });
});

describe('weaknesses', () => {
  it.each(knownVersions())('of %s are told once each, and none that it has mended', (version) => {
    const { weaknesses } = loadRelease(version);
    expect(new Set(weaknesses.map(({ id }) => id)).size).toBe(weaknesses.length);
    expect(weaknesses.length).toBeGreaterThan(0);
    for (const { id, mendedIn } of weaknesses) {
      if (mendedIn !== undefined) expect(compare(mendedIn, version), id).toBe(1);
    }
  });

  it('are mended by the next patch version, or listed there too', () => {
    knownVersions().forEach((version, index) => {
      const later = knownVersions()[index + 1];
      if (later === undefined || loadRelease(later).minor !== loadRelease(version).minor) return;
      const left = loadRelease(version).weaknesses.filter(
        ({ mendedIn }) => mendedIn === undefined || compare(mendedIn, later) > 0,
      );
      expect(loadRelease(later).weaknesses).toEqual(expect.arrayContaining(left));
    });
  });
});

describe('artifact', () => {
  it('has the place of a binary on a mirror and at the makers', () => {
    expect(release.artifact('kubelet', 'amd64')).toEqual({
      name: 'kubelet',
      version: 'v1.16.3',
      arch: 'amd64',
      path: 'release/v1.16.3/bin/linux/amd64/kubelet',
      official: [
        'https://dl.k8s.io/release/v1.16.3/bin/linux/amd64/kubelet',
        'https://storage.googleapis.com/kubernetes-release/release/v1.16.3/bin/linux/amd64/kubelet',
      ],
      checksum: '4e8ef215809f1b2af44408bf6039c9e57546a8a209b49720d0489e3aece66938',
      archive: undefined,
      within: {
        name: 'kubernetes-server',
        version: 'v1.16.3',
        arch: 'amd64',
        path: 'release/v1.16.3/kubernetes-server-linux-amd64.tar.gz',
        official: [
          'https://dl.k8s.io/v1.16.3/kubernetes-server-linux-amd64.tar.gz',
          'https://storage.googleapis.com/kubernetes-release/release/v1.16.3/kubernetes-server-linux-amd64.tar.gz',
        ],
        checksum:
          '040f6bfb78cb336d2d23360c0921ef7e008561b2f10bed3261c33811d1d818693cd24dcb5bf52cbf854f4209a8968a5e07ff8356e3e061a4db14623469098e5f',
        archive: {
          folder: 'kubernetes/server/bin/',
          members: [
            'kube-apiserver',
            'kube-controller-manager',
            'kube-scheduler',
            'kubelet',
            'kube-proxy',
            'kubectl',
            'kubeadm',
          ],
        },
        within: undefined,
      },
    });
  });

  it('has the layout of each maker for archives', () => {
    expect(release.artifact('etcd', 'amd64', '3.4.23')).toMatchObject({
      path: 'etcd/v3.4.23/etcd-v3.4.23-linux-amd64.tar.gz',
      official: ['https://github.com/etcd-io/etcd/releases/download/v3.4.23/etcd-v3.4.23-linux-amd64.tar.gz'],
      checksum: undefined,
      within: undefined,
      archive: { folder: 'etcd-v3.4.23-linux-amd64/', members: ['etcd', 'etcdctl'] },
    });
    expect(release.artifact('cni-plugins', 'arm64', 'v1.2.0')).toMatchObject({
      path: 'cni/v1.2.0/cni-plugins-linux-arm64-v1.2.0.tgz',
      archive: { folder: '', members: ['bridge', 'host-local', 'loopback', 'portmap'] },
    });
  });

  it('knows programs of add-ons, by the version that the add-on says', () => {
    expect(release.artifact('helm', 'amd64', 'v3.2.4')).toMatchObject({
      path: 'helm/v3.2.4/helm-v3.2.4-linux-amd64.tar.gz',
      official: ['https://get.helm.sh/helm-v3.2.4-linux-amd64.tar.gz'],
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      archive: { folder: 'linux-amd64/', members: ['helm'] },
    });
    expect(() => release.artifact('helm', 'amd64')).toThrow(expect.objectContaining({ code: 'E_ARTIFACT' }));
    expect(programsIn('helm')).toEqual(['helm']);
    expect(() => programsIn('kubelet')).toThrow(expect.objectContaining({ code: 'E_BUG' }));
  });

  it('gives kubectl of another version', () => {
    expect(release.artifact('kubectl', 'amd64', 'v1.17.1')).toMatchObject({
      path: 'release/v1.17.1/bin/linux/amd64/kubectl',
      checksum: undefined,
      within: { path: 'release/v1.17.1/kubernetes-server-linux-amd64.tar.gz', checksum: undefined },
    });
  });

  it.each(['v1.17', '1.17.1/../..', 'latest', ''])('refuses %j as a version', (version) => {
    expect(() => release.artifact('kubectl', 'amd64', version)).toThrow(
      expect.objectContaining({ code: 'E_VERSION' }),
    );
  });

  it('refuses a name nobody makes', () => {
    expect(() => release.artifact('kubelett', 'amd64')).toThrow(
      expect.objectContaining({ code: 'E_ARTIFACT' }),
    );
  });
});

describe('archOf', () => {
  it('knows what uname says', () => {
    expect([archOf('x86_64'), archOf('aarch64')]).toEqual(['amd64', 'arm64']);
    for (const machine of ['ppc64le', '', 'constructor', '__proto__', 'toString']) {
      expect(() => archOf(machine), machine).toThrow(expect.objectContaining({ code: 'E_ARCH' }));
    }
  });
});

describe('packages', () => {
  it('names what works with this release', () => {
    expect(release.packages('containerd', 'rhel')).toEqual({
      names: ['containerd.io', 'containerd'],
      below: '2.0',
    });
    expect(release.packages('docker', 'debian').names).toEqual(['docker-ce', 'docker.io']);
  });
});

describe('flags', () => {
  it('explains a flag', () => {
    expect(release.flag('kube-apiserver', 'anonymous-auth')).toMatchObject({
      known: true,
      deprecated: false,
      why: expect.stringMatching(/401/) as string,
      cis: ['1.2.1'],
    });
  });

  it('knows what has gone and what is going', () => {
    expect(release.flag('kubelet', 'allow-privileged').known).toBe(false);
    expect(release.flag('kube-apiserver', 'insecure-port')).toMatchObject({ known: true, deprecated: true });
    expect(release.flag('kubelet', 'no-such-flag')).toMatchObject({ known: false, why: undefined });
  });

  it.each(COMPONENTS)('of %s are those of the real binary', (component) => {
    const file = new URL(`../../cases/flags/v1.16.3/${component}.yaml`, import.meta.url);
    const real = load(readFileSync(file, 'utf8')) as { name: string; deprecated?: boolean }[];
    expect(release.flagNames(component)).toEqual(real.map(({ name }) => name).sort());
    for (const { name, deprecated = false } of real) {
      expect(release.flag(component, name).deprecated, name).toBe(deprecated);
    }
  });

  it.each(COMPONENTS)('of %s that are explained exist, with a sentence and a link', (component) => {
    const file = new URL(`../../../release/flags/v1.16/${component}.yaml`, import.meta.url);
    const { set } = load(readFileSync(file, 'utf8')) as { set: Record<string, unknown> };
    for (const name of Object.keys(set)) {
      const flag = release.flag(component, name);
      expect(flag.known, name).toBe(true);
      expect(flag.why, name).toMatch(/^[A-Z0-9`].{10,110}\.$/);
      expect(flag.link, name).toMatch(/^https:\/\/(kubernetes\.io|etcd\.io)\//);
      for (const id of flag.cis) expect(id, name).toMatch(/^[1-5]\.\d+\.\d+$|^2\.[1-7]$/);
    }
  });

  it.each(minors)('have a table for each component of %s and no other', (minor) => {
    for (const folder of ['release', 'templates']) {
      expect(filesIn(`${folder}/flags/${minor}`), folder).toEqual(
        COMPONENTS.map((name) => `${name}.yaml`).sort(),
      );
    }
  });
});

describe('the fields of configuration files', () => {
  it('are told with what they hold, within others too', () => {
    expect(release.configFields('kubelet')).toMatchObject({
      maxPods: 'whole',
      authentication: { webhook: { cacheTTL: 'duration' } },
    });
    expect(release.configFields('kube-proxy')).toMatchObject({ ipvs: { strictARP: 'boolean' } });
  });

  it.each(minors)('have a table for each that reads one in %s and no other', (minor) => {
    expect(filesIn(`release/config/${minor}`)).toEqual(CONFIGURED.map((name) => `${name}.yaml`).sort());
  });
});
