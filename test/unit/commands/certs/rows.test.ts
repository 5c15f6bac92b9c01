import { beforeAll, describe, expect, it } from 'vitest';
import type { CertificateRow } from '../../../../src/answers/certificates.ts';
import { rowsOf } from '../../../../src/commands/certs/rows.ts';
import { KUBECONFIGS, questionsTo } from '../../../../src/commands/certs/sources.ts';
import { leafCertificate, type Issuer } from '../../../../src/pki/issue-certificate.ts';
import { type KeyPair, newKeyPair } from '../../../../src/pki/keys.ts';
import { keyIdOf, readCertificate } from '../../../../src/pki/read-certificate.ts';
import type { CertificateSpec } from '../../../../src/pki/spec.ts';
import { observed } from '../../../support/observed.ts';
import { hostOf, worldOf } from '../../phases/world.ts';
import { newIssuer, plainSpec } from '../../pki/support.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const APISERVER = '/etc/kubernetes/pki/apiserver.crt';
const PORT = 'served:192.0.2.11:6443';

const world = worldOf();
const { inventory } = world;
const m1 = hostOf(world, 'm1');

const spec: CertificateSpec = {
  ...plainSpec,
  id: 'apiserver',
  ca: 'cluster',
  commonName: 'kube-apiserver',
  organizations: ['ops', 'system:masters'],
  dnsNames: ['m1', 'kubernetes', 'localhost'],
};

let ca: Issuer & { keys: KeyPair };
let onDisk: string;
let newer: string;

beforeAll(async () => {
  const [issuer, keys] = await Promise.all([newIssuer('cluster', NOW), newKeyPair(2048)]);
  ca = issuer;
  onDisk = leafCertificate(spec, keys, ca, NOW);
  newer = leafCertificate({ ...spec, days: 900 }, keys, ca, NOW);
});

const answer = (output: string): { code: number; output: string } => ({ code: 0, output });

const rows = (
  files: Readonly<Record<string, string>>,
  answers: Readonly<Record<string, string>> = {},
): CertificateRow[] => {
  const contents = Object.entries(files).map(([path, content]) => [path, { content }] as const);
  const said = Object.entries(answers).map(([key, output]) => [key, answer(output)] as const);
  const seen = observed({ files: Object.fromEntries(contents), answers: Object.fromEntries(said) });
  return rowsOf(inventory, m1, seen, NOW);
};

const served = (said: string): CertificateRow['served'] =>
  rows({ [APISERVER]: onDisk }, { [PORT]: said })[0]?.served ?? null;

describe('a certificate on a host', () => {
  it('is told with all that it says', () => {
    expect(rows({ [APISERVER]: onDisk }, { [PORT]: onDisk })).toEqual([
      {
        host: 'm1',
        file: APISERVER,
        name: 'apiserver',
        serial: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        subject: 'CN=kube-apiserver, O=ops, O=system:masters',
        issuer: 'CN=kubernetes-ca',
        issuerKeyId: keyIdOf(readCertificate(ca.certificate)),
        sans: ['m1', 'kubernetes', 'localhost', '10.0.0.11', '127.0.0.1'],
        authority: false,
        notAfter: '2027-03-03T12:00:00.000Z',
        daysLeft: 100,
        served: {
          address: '192.0.2.11:6443',
          unit: 'kube-apiserver.service',
          state: 'same',
          serial: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          notAfter: '2027-03-03T12:00:00.000Z',
          daysLeft: 100,
        },
      },
    ]);
  });

  it('is compared with what its server sends', () => {
    expect(served(onDisk)?.state).toBe('same');
    expect(served(newer)).toMatchObject({
      state: 'other',
      notAfter: '2029-05-11T12:00:00.000Z',
      daysLeft: 900,
    });
    expect(served('')).toMatchObject({ state: 'no answer', notAfter: null, daysLeft: null });
    expect(served('no openssl')).toMatchObject({ state: 'no openssl', notAfter: null });
    expect(served('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')?.state).toBe('no answer');
  });

  it('of an authority is one, and of a bundle each is told', () => {
    const found = rows({ '/etc/kubernetes/pki/client-ca.crt': `${ca.certificate}${onDisk}` });
    expect(found.map(({ name, authority, served: none }) => [name, authority, none])).toEqual([
      [null, true, null],
      [null, false, null],
    ]);
  });

  it('that is none is left to plan', () => {
    expect(rows({ [APISERVER]: 'nothing', '/etc/kubernetes/pki/ca.crt': '' })).toEqual([]);
  });

  it('is found in a kubeconfig, too', () => {
    const said = `== /etc/kubernetes/admin.conf\n${Buffer.from(onDisk).toString('base64')}\n== /etc/kubernetes/kubelet.conf`;
    expect(rows({}, { [KUBECONFIGS]: said }).map(({ file, name }) => [file, name])).toEqual([
      ['/etc/kubernetes/admin.conf', null],
    ]);
  });

  it('that a server made for itself is in no file', () => {
    expect(rows({}, { 'served:127.0.0.1:10257': onDisk })).toMatchObject([
      { file: null, served: { unit: 'kube-controller-manager.service', state: 'same' } },
    ]);
  });
});

describe('what is asked of a host', () => {
  const asked = (name: string): string[] =>
    questionsTo(inventory, hostOf(world, name)).map(({ kind, key }) => `${kind}:${key}`);

  it('is every file of its roles and every port that one of them is served on', () => {
    expect(asked('w1')).toEqual([
      'file:/etc/kubernetes/pki/ca.crt',
      'file:/etc/kubernetes/pki/kube-proxy.crt',
      'file:/var/lib/kubelet/pki/kubelet-client.crt',
      'file:/var/lib/kubelet/pki/kubelet.crt',
      'answer:served:192.0.2.12:10250',
      'answer:kubeconfig-certificates',
    ]);
    expect(asked('m1').filter((key) => key.includes('served:'))).toEqual([
      'answer:served:192.0.2.11:6443',
      'answer:served:192.0.2.11:2379',
      'answer:served:192.0.2.11:2380',
      'answer:served:192.0.2.11:10250',
      'answer:served:127.0.0.1:10257',
      'answer:served:127.0.0.1:10259',
    ]);
  });

  it('is that of flannel where flannel is', () => {
    const joined = worldOf({ inventory: { network: { cni: 'flannel' } } });
    const keys = questionsTo(joined.inventory, hostOf(joined, 'w1')).map(({ key }) => key);
    expect(keys).toContain('/etc/kubernetes/pki/flannel.crt');
  });

  it('is no private key', () => {
    for (const watch of questionsTo(inventory, m1)) {
      if (watch.kind === 'file') expect(watch.key).toMatch(/\.crt$/);
      if (watch.kind === 'answer') expect(watch.script).not.toContain('key-data');
    }
  });
});
