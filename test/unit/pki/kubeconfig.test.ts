import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { kubeconfig } from '../../../src/pki/kubeconfig.ts';

it('names files on a host', () => {
  const text = kubeconfig({
    cluster: 'kubernetes',
    server: 'https://10.0.0.11:6443',
    user: 'system:kube-proxy',
    ca: { file: '/etc/kubernetes/pki/ca.crt' },
    certificate: {
      file: '/etc/kubernetes/pki/kube-proxy.crt',
      keyFile: '/etc/kubernetes/pki/kube-proxy.key',
    },
  });
  expect(text).toBe(`apiVersion: v1
kind: Config
clusters:
  - name: kubernetes
    cluster:
      server: https://10.0.0.11:6443
      certificate-authority: /etc/kubernetes/pki/ca.crt
users:
  - name: system:kube-proxy
    user:
      client-certificate: /etc/kubernetes/pki/kube-proxy.crt
      client-key: /etc/kubernetes/pki/kube-proxy.key
contexts:
  - name: system:kube-proxy@kubernetes
    context:
      cluster: kubernetes
      user: system:kube-proxy
current-context: system:kube-proxy@kubernetes
`);
});

it('embeds certificates and key, each in one line', () => {
  const data = `-----BEGIN CERTIFICATE-----\n${'A'.repeat(400)}\n-----END CERTIFICATE-----\n`;
  const text = kubeconfig({
    cluster: 'k',
    server: 'https://[::1]:6443',
    user: 'a',
    ca: { data },
    certificate: { data, keyData: new Secret('the key\n') },
  });
  const config = load(text) as {
    clusters: [{ cluster: Record<string, string> }];
    users: [{ user: Record<string, string> }];
  };
  const base64 = Buffer.from(data).toString('base64');
  expect(config.clusters[0].cluster).toEqual({
    server: 'https://[::1]:6443',
    'certificate-authority-data': base64,
  });
  expect(config.users[0].user).toEqual({
    'client-certificate-data': base64,
    'client-key-data': Buffer.from('the key\n').toString('base64'),
  });
  expect(text).toContain(`certificate-authority-data: ${base64}\n`);
});

it('cannot be led astray by a name', () => {
  const user = 'a: b\n- {x}';
  const text = kubeconfig({
    cluster: 'yes',
    server: 'https://h:6443',
    user,
    ca: { file: '/a' },
    certificate: { file: '/b', keyFile: '/c' },
  });
  expect(load(text)).toMatchObject({
    users: [{ name: user }],
    contexts: [{ context: { cluster: 'yes', user } }],
  });
});
