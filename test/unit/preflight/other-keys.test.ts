import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/preflight/preflight.ts';
import { preflightFindings } from '../../../src/preflight/preflight.ts';
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

const trusting = (...certificates: string[]) => ({ pki: { trustPem: () => certificates.join('') } });

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

describe.each([
  [SERVICE_ACCOUNT, (text: string) => ({ pki: { serviceAccount: () => ({ publicKey: text }) } })],
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
