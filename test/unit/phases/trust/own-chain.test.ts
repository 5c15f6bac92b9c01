import { describe, expect, it } from 'vitest';
import { kubeletPhase } from '../../../../src/phases/node/kubelet.ts';
import type { Phase, World } from '../../../../src/phases/phase.ts';
import { trustPhase } from '../../../../src/phases/trust/authorities.ts';
import { observed } from '../../../support/observed.ts';
import { hostOf, worldOf } from '../world.ts';

const pem = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
const [issuing, root, users] = ['issuing', 'root', 'users'].map(pem) as [string, string, string];
const OWN_FILE = '/etc/kubernetes/pki/kubelet-client-ca.crt';

/** A cluster whose authority was issued by these. */
function under(parents: string): World {
  const world = worldOf();
  const pki = {
    caPem: () => issuing,
    trustPem: (id: string) => (id === 'cluster' ? issuing + parents : users),
    anchorPem: (id: string) => (id === 'cluster' ? issuing : users),
    chainPem: () => (parents === '' ? '' : issuing),
    clientCaPem: () => issuing + users,
    caKeyId: () => 'ab',
    keyText: () => undefined,
    tokenKeysPem: () => undefined,
    admin: () => undefined,
  };
  return { ...world, pki: pki as unknown as World['pki'] };
}

const text = (world: World, phase: Phase, host: string, path: string): string | undefined => {
  const resource = phase.resources(world, hostOf(world, host)).find(({ id }) => id === `file:${path}`);
  const change = resource?.diff(observed({}), new Map());
  return change && 'text' in change ? change.text.after : undefined;
};

describe('a cluster whose authority is no root', () => {
  it('shows servers up to the root, and takes clients of the issuing authority alone', () => {
    const world = under(root);
    for (const host of ['m1', 'w1']) {
      expect(text(world, trustPhase, host, '/etc/kubernetes/pki/ca.crt')).toBe(issuing + root);
      expect(text(world, trustPhase, host, OWN_FILE)).toBe(issuing);
      expect(text(world, kubeletPhase, host, '/var/lib/kubelet/config.yaml')).toContain(
        `clientCAFile: ${OWN_FILE}\n`,
      );
    }
    expect(text(world, trustPhase, 'm1', '/etc/kubernetes/pki/client-ca.crt')).toBe(issuing + users);
    expect(text(world, trustPhase, 'm1', '/etc/kubernetes/pki/ca-signing.crt')).toBe(issuing);
  });

  it('has no further file where it is one', () => {
    const world = under('');
    expect(text(world, trustPhase, 'w1', OWN_FILE)).toBeUndefined();
    expect(text(world, kubeletPhase, 'w1', '/var/lib/kubelet/config.yaml')).toContain(
      'clientCAFile: /etc/kubernetes/pki/ca.crt\n',
    );
  });
});
