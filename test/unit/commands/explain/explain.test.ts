import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileWhy, wantedOn } from '../../../../src/commands/explain/file-facts.ts';
import { openCluster } from '../../../../src/cluster/open.ts';
import { unitTexts } from '../../../../src/texts/texts.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { run } from '../../cli/support.ts';

const folder = new URL('../../../../inventory/', import.meta.url);
/** Between them they want all that any of the examples wants. */
const examples = ['lab.yaml', 'nfs-lab.yaml', 'flannel.yaml'];

/** Copies with checksums of their own: those of a lab are there only where one was built. */
const copyOf = (name: string): string => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const copies = temporaryFolder();
  writeFileSync(join(copies, 'checksums.yaml'), '{}\n');
  const file = join(copies, name);
  writeFileSync(file, text.replace(/^( *checksums:).*$/m, '$1 checksums.yaml'), { mode: 0o600 });
  return file;
};

const explained = async (words: readonly string[], env: Record<string, string> = {}): Promise<string> => {
  const { code, stdout, stderr } = await run(['explain', ...words, '-i', copyOf('lab.yaml')], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

/** Names of variables that an inventory takes values from. */
const variables = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/\$\{env:(\w+)\}/g)].map(([, name = '']) => [name, 'x']));

describe.each(examples)('of %s', (name) => {
  it('every file, folder and unit has a text in both languages', async () => {
    const file = copyOf(name);
    const env = variables(readFileSync(file, 'utf8'));
    const cluster = await openCluster({ file, env, emit: () => undefined, secrets: new Set() });
    const wanted = wantedOn(cluster);
    await cluster.artifacts.close();
    const paths = wanted.flatMap(({ resource, phase }) =>
      (resource.owns ?? []).map((path) => ({ path, phase })),
    );
    expect(paths.length).toBeGreaterThan(30);
    const without = paths.filter(({ path, phase }) => fileWhy(path, phase) === undefined);
    expect(without).toEqual([]);
    const units = wanted.flatMap(({ resource }) => /^service:(.*)$/.exec(resource.id)?.[1] ?? []);
    expect([...new Set(units)].filter((unit) => !(unit in unitTexts()))).toEqual([]);
  });
});

describe('explain', () => {
  it('tells a flag in Chinese when asked, and when the locale is', async () => {
    const asked = await explained(['anonymous-auth', '--lang', 'zh']);
    expect(asked).toContain('不带身份的请求得到 401');
    expect(asked).toContain('来源:');
    expect(asked).toContain('CIS:     1.2.1');
    expect(await explained(['anonymous-auth'], { LANG: 'zh_CN.UTF-8' })).toBe(asked);
    expect(await explained(['anonymous-auth', '--lang', 'en'], { LANG: 'zh_CN.UTF-8' })).toContain(
      'a request without an identity gets 401',
    );
  });

  it('tells a file by its own text, and a certificate’s by the certificate’s', async () => {
    expect(await explained(['/etc/etcd/boot.env'])).toMatch(
      / {2}why: {5}What counts at a member's first start/,
    );
    expect(await explained(['/etc/kubernetes/pki/apiserver.key', '--lang', 'zh'])).toMatch(
      /是什么: {2}.*的私钥\n {2}说明: {4}API server 的服务器证书/,
    );
  });

  it('knows a unit by either of its names', async () => {
    const text = await explained(['kubelet']);
    expect(text).toContain('kubelet.service\n  what:    a unit of systemd\n');
    expect(text).toContain('on m1, w1, w2');
    // The section of the inventory has the shorter name, too.
    expect(text).toContain(await explained(['kubelet.service']));
  });

  it('knows an authority and a certificate, with subject, signer and days', async () => {
    expect(await explained(['kubelet-client'])).toMatch(
      /subject: O=system:nodes, CN=system:node:\{node\}\n {2}signer: {2}cluster\n {2}days: {4}1095\n/,
    );
    expect(await explained(['front-proxy-ca'])).toContain('a certificate authority');
  });

  it('knows an object by kind and name, or by its name', async () => {
    const text = await explained(['clusterrolebinding/k8s-bootstrap:apiserver-to-kubelet']);
    expect(text).toContain('rbac (Bootstrap RBAC), on m1');
    expect(await explained(['k8s-bootstrap:apiserver-to-kubelet'])).toBe(text);
    expect(await explained(['clusterrole/k8s-bootstrap:flannel'])).toContain(
      'nothing of this inventory wants it',
    );
  });

  it('knows an add-on by its name and by that of an object of its', async () => {
    expect(await explained(['coredns', '--lang', 'zh'])).toContain('集群内的 DNS');
    expect(await explained(['clusterrole/system:coredns'])).toContain('an add-on');
  });

  it('knows the program of an add-on by the name of the add-on and by its path', async () => {
    expect(await explained(['helm'])).toMatch(
      /what: {4}an add-on\n.*\n {2}files: {3}\/usr\/local\/bin\/helm\n.*nothing of this inventory wants it/,
    );
    const file = copyOf('lab.yaml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}addons: { helm: {} }\n`);
    const inPhase = 'addons (Add-ons), on m1';
    for (const what of ['helm', '/usr/local/bin/helm']) {
      const { stdout } = await run(['explain', what, '-i', file], {});
      expect(stdout, what).toContain(inPhase);
    }
    expect((await run(['explain', 'helm', '--lang', 'zh', '-i', file], {})).stdout).toContain('命令行客户端');
  });

  it('knows the fields of an inventory before there is one, and nothing else', async () => {
    const nowhere = join(temporaryFolder(), 'inventory.yaml');
    const field = await run(['explain', 'network.cni', '-i', nowhere]);
    expect(field).toMatchObject({ code: 0, stderr: '' });
    expect(field.stdout).toContain('network.cni');
    const flag = await run(['explain', 'secure-port', '-i', nowhere]);
    expect(flag.stderr).toContain('E_INVENTORY_FILE');
  });

  it('tells programs the same, as data', async () => {
    const json = await explained(['kube-scheduler', '--json']);
    const result = json.split('\n').find((line) => line.includes('explain-thing')) ?? '';
    expect(JSON.parse(result)).toMatchObject({
      data: { language: 'en', found: [{ kind: 'unit', name: 'kube-scheduler.service' }] },
    });
  });
});
