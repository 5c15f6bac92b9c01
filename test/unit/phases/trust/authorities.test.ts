import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { controllerManagerPhase } from '../../../../src/phases/control-plane/controllers.ts';
import type { World } from '../../../../src/phases/phase.ts';
import { preflightFindings } from '../../../../src/preflight/preflight.ts';
import { trustPhase } from '../../../../src/phases/trust/authorities.ts';
import { keyIdOf, readCertificate } from '../../../../src/pki/read-certificate.ts';
import { bundle } from '../../../../src/pki/trusted.ts';
import { observed } from '../../../support/observed.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { newIssuer } from '../../pki/support.ts';
import { hostOf, hostSaying, worldOf } from '../world.ts';

const SIGNING = '/etc/kubernetes/pki/ca-signing.crt';
let issuing = '';
let former = '';

beforeAll(async () => {
  const made = await Promise.all([newIssuer('cluster'), newIssuer('cluster')]);
  [issuing, former] = made.map(({ certificate }) => certificate) as [string, string];
});

const keyId = (pem: string): string => keyIdOf(readCertificate(pem));

/** A cluster with these authorities trusted beside the issuing one. */
const trusting = (others: readonly string[], spec: Parameters<typeof worldOf>[0] = {}): World =>
  worldOf({
    ...spec,
    pki: {
      caPem: () => issuing,
      caKey: () => undefined,
      caKeyId: () => keyId(issuing),
      trusted: () => others,
      trustPem: () => bundle(issuing, others),
      anchorPem: () => bundle(issuing, others),
      clientCaPem: () => bundle(issuing, others),
      exists: () => true,
      missing: () => [],
    },
  });

const contentOf = (world: World, path: string): string | undefined => {
  const resource = trustPhase.resources(world, hostOf(world, 'm1')).find(({ id }) => id === `file:${path}`);
  const change = resource?.diff(observed({}), new Map());
  return change && 'text' in change ? change.text.after : undefined;
};

const signingFlag = (world: World): string | undefined => {
  const resources = controllerManagerPhase.resources(world, hostOf(world, 'm1'));
  const unit = resources.find(({ id }) => id.endsWith('kube-controller-manager.service'));
  const change = unit?.diff(observed({}), new Map());
  const text = change && 'text' in change ? change.text.after : '';
  return /--cluster-signing-cert-file=(\S+)/.exec(text)?.[1];
};

describe('a second authority', () => {
  it('stands behind the issuing one wherever that is trusted', () => {
    const world = trusting([former]);
    for (const path of ['ca.crt', 'client-ca.crt', 'etcd/ca.crt', 'front-proxy-ca.crt', 'users-ca.crt']) {
      expect(contentOf(world, `/etc/kubernetes/pki/${path}`)).toBe(issuing + former);
    }
  });

  it('is not what the controller-manager signs with, which takes a file of one certificate only', () => {
    expect(contentOf(trusting([former]), SIGNING)).toBe(issuing);
    expect(signingFlag(trusting([former]))).toBe(SIGNING);
    expect(contentOf(trusting([]), SIGNING)).toBeUndefined();
    expect(signingFlag(trusting([]))).toBe('/etc/kubernetes/pki/ca.crt');
  });

  it('takes the file of its own with it when it goes', () => {
    const world = trusting([]);
    const resources = trustPhase.resources(world, hostOf(world, 'm1'));
    const change = resources
      .find(({ id }) => id === `file:${SIGNING}`)
      ?.diff(observed({ files: { [SIGNING]: { digestOf: issuing } } }), new Map());
    expect(change).toMatchObject({ kind: 'delete' });
  });

  it('may be the one by which a host knows its cluster', () => {
    const seen = {
      m1: { facts: hostSaying('centos', { 'cluster.name': 'demo', 'cluster.ca': keyId(former) }) },
    };
    const found = (others: string[]): string[] =>
      preflightFindings(trusting(others, { seen })).flatMap(({ host, id }) =>
        id === 'foreign-host' ? [host] : [],
      );
    expect(found([])).toEqual(['m1']);
    expect(found([former])).toEqual([]);
  });
});

describe('kubectl of root on a master', () => {
  it('is the administrator, unless root says otherwise or may not', () => {
    const home = temporaryFolder();
    const script = contentOf(trusting([]), '/etc/profile.d/kubectl.sh') ?? '';
    const chosen = (environment: Readonly<Record<string, string>> = {}): string =>
      execFileSync(
        'sh',
        ['-uc', `${script.replaceAll('/etc/kubernetes', home)}\necho "\${KUBECONFIG:-none}"`],
        {
          env: { PATH: process.env['PATH'], HOME: home, ...environment },
          encoding: 'utf8',
        },
      ).trim();
    expect(chosen()).toBe('none');
    writeFileSync(join(home, 'admin.conf'), '');
    expect(chosen()).toBe(join(home, 'admin.conf'));
    expect(chosen({ KUBECONFIG: '/root/other' })).toBe('/root/other');
    mkdirSync(join(home, '.kube'));
    writeFileSync(join(home, '.kube', 'config'), '');
    expect(chosen()).toBe('none');
  });
});
