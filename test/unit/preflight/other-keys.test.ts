import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/preflight/preflight.ts';
import { preflightFindings } from '../../../src/preflight/preflight.ts';
import { newAuthorityTexts } from '../../../src/pki/new-keys.ts';
import { keyIdOf, readCertificate } from '../../../src/pki/read-certificate.ts';
import type { FileState } from '../../../src/probe/observe.ts';
import { sha256 } from '../../../src/resources/content.ts';
import { MANIFEST } from '../../../src/resources/manifest.ts';
import { hostSaying, textFile, worldOf } from '../phases/world.ts';

const certificate = (name: string): string =>
  `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
const [OLD, NEW, THIRD] = ['old', 'new', 'third'].map(certificate) as [string, string, string];
const ETCD = '/etc/kubernetes/pki/etcd/ca.crt';
const SERVICE_ACCOUNT = '/etc/kubernetes/pki/sa.pub';
const ENCRYPTION = '/etc/kubernetes/encryption-config.yaml';

interface Master {
  readonly path: string;
  readonly content: string;
  /** What the manifest has for it; the content, unless somebody changed it since. */
  readonly written?: string;
  readonly cluster?: string;
}

function found(master: Master, pki: Parameters<typeof worldOf>[0] & object): Finding | undefined {
  const { path, content, written = content, cluster = 'demo' } = master;
  const digest = path === ENCRYPTION ? sha256(`nonce${sha256(content)}`) : sha256(content);
  const state: FileState = { ...textFile(content), sha256: digest } as FileState;
  const manifest = textFile(`${sha256(written)}\t${path}\ttrust\n`);
  const world = worldOf({
    ...pki,
    caKeyId: 'aa',
    seen: {
      m1: {
        facts: hostSaying('centos', { 'cluster.name': cluster, 'cluster.ca': 'aa' }),
        files: { [path]: state, [MANIFEST]: manifest },
      },
    },
  });
  return preflightFindings(world).find(({ id }) => id === 'state-other');
}

const turn = (step: string, open: string) => ({ step, other: { open } }) as never;

const trusting = (...certificates: string[]) => ({ pki: { trustPem: () => certificates.join('') } });

const key = (name: string): string => `-----BEGIN PUBLIC KEY-----\n${name}\n-----END PUBLIC KEY-----\n`;
const keyFiles: [string, (name: string) => string][] = [
  ...['etcd/ca.crt', 'front-proxy-ca.crt', 'users-ca.crt'].map((name): [string, typeof key] => [
    `/etc/kubernetes/pki/${name}`,
    certificate,
  ]),
  [SERVICE_ACCOUNT, key],
];

describe.each(keyFiles)('a rotation of %s', (path, part) => {
  const [old, other] = [part('old'), part('new')];
  it.each<[string, string[], string[], string | undefined, boolean]>([
    ['that has only begun in the folder', [old], [old, other], 'begun', false],
    ['that has begun in both', [old, other], [old, other], 'begun', false],
    ['that was taken back in the folder', [old, other], [old], undefined, false],
    ['that has handed over in the folder alone', [old, other], [other, old], 'handed-over', false],
    ['that has handed over in both', [other, old], [other, old], 'handed-over', false],
    ['that has dropped the former in the folder alone', [other, old], [other], 'dropped', false],
    ['done by hand, trusting another', [old], [old, other], undefined, false],
    ['done by hand, which has handed over', [old, other], [other, old], undefined, false],
    ['of which the folder knows nothing yet', [other, old], [old], undefined, true],
    ['that the folder knows as begun, and has handed over', [other, old], [old, other], 'begun', true],
    ['that the folder knows as begun, and has ended', [other], [old, other], 'begun', true],
  ])('%s', (_which, onHost, inFolder, step, isOther) => {
    const finding = found(
      { path, content: onHost.join('') },
      {
        pki: {
          trustPem: () => (part === key ? undefined : inFolder.join('')),
          tokenKeysPem: () => (part === key ? inFolder.join('') : undefined),
          rotation: () => (step === undefined ? undefined : turn(step, step === 'begun' ? other : old)),
        },
      },
    );
    expect(finding !== undefined).toBe(isOther);
    if (finding) expect(finding.message).toContain(path);
  });
});

describe('an authority on a master', () => {
  it.each<[string, string[], string[], boolean]>([
    ['as the folder has it', [OLD], [OLD], false],
    ['of which the folder trusts another as well', [OLD], [OLD, NEW], false],
    ['that hands over', [OLD, NEW], [NEW, OLD], false],
    ['that has handed over, while the master trusts both', [NEW, OLD], [NEW], false],
    ['of another folder', [OLD], [NEW], true],
    ['of another folder, although that trusts two', [OLD], [NEW, THIRD], true],
  ])('%s', (_which, onHost, inFolder, isOther) => {
    const finding = found({ path: ETCD, content: onHost.join('') }, trusting(...inFolder));
    expect(finding !== undefined).toBe(isOther);
    if (finding) expect(finding.message).toContain(ETCD);
  });

  it('that somebody changed is mended as ever', () => {
    expect(found({ path: ETCD, content: THIRD, written: OLD }, trusting(OLD))).toBeUndefined();
  });

  it('of a host that has no cluster yet is nobody’s', () => {
    expect(found({ path: ETCD, content: OLD, cluster: '' }, trusting(NEW))).toBeUndefined();
  });
});

describe('the cluster’s authority, which a host is marked with', () => {
  it.each([
    ['begun', 'bb', 'aa', true],
    ['begun', 'aa', 'aa', false],
    // Another certificate of the same key.
    ['begun', 'bb', 'bb', false],
    ['handed-over', 'bb', 'aa', false],
  ])('in a folder that says %s', async (step, marked, own, isOther) => {
    const next = await newAuthorityTexts('cluster', 2048, new Date());
    const keyId = (name: string): string => (name === 'bb' ? keyIdOf(readCertificate(next.open)) : name);
    const world = worldOf({
      caKeyId: keyId(own),
      pki: {
        trusted: () => [next.open],
        rotation: (what) => (what === 'cluster' ? turn(step, next.open) : undefined),
      },
      seen: { m1: { facts: hostSaying('centos', { 'cluster.name': 'demo', 'cluster.ca': keyId(marked) }) } },
    });
    const finding = preflightFindings(world).find(({ id }) => id === 'state-other');
    expect(finding?.message).toBe(
      isOther
        ? 'was given /etc/kubernetes/pki/ca.crt by another state folder than this one, whose keys differ'
        : undefined,
    );
  });
});

describe('the key that verifies tokens of service accounts', () => {
  it.each<[string, string, string, boolean]>([
    ['as the folder has it', key('old'), key('old'), false],
    ['while it hands over', key('old'), key('old') + key('new'), false],
    ['that has handed over', key('new') + key('old'), key('new'), false],
    ['of another folder', key('old'), key('new'), true],
  ])('%s', (_which, onHost, inFolder, isOther) => {
    const finding = found(
      { path: SERVICE_ACCOUNT, content: onHost },
      { pki: { tokenKeysPem: () => inFolder } },
    );
    expect(finding?.message).toBe(
      isOther
        ? `was given ${SERVICE_ACCOUNT} by another state folder than this one, whose keys differ`
        : undefined,
    );
  });
});

describe.each([
  [ENCRYPTION, (text: string) => ({ pki: { keyText: () => text } })],
  [ENCRYPTION, (text: string) => ({ pki: { keyText: () => ({ sha256: sha256(text), bytes: 1 }) } })],
])('%s', (path, folderWith) => {
  const world = (text: string) => folderWith(text) as unknown as Parameters<typeof worldOf>[0] & object;
  it('as the folder would write it', () => {
    expect(found({ path, content: 'a' }, world('a'))).toBeUndefined();
  });
  it('written by another folder', () => {
    expect(found({ path, content: 'a' }, world('b'))).toMatchObject({
      level: 'error',
      message: `was given ${path} by another state folder than this one, whose keys differ`,
    });
  });
  it('changed by somebody since', () => {
    expect(found({ path, content: 'x', written: 'a' }, world('a'))).toBeUndefined();
    expect(found({ path, content: 'x', written: 'a' }, world('b'))).toBeUndefined();
  });
});

it('nothing is said of a key that is locked, and whose text is not known', () => {
  const locked = { pki: { keyText: () => ({ sha256: undefined, bytes: 1 }) } };
  expect(found({ path: ENCRYPTION, content: 'a' }, locked)).toBeUndefined();
});
