import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/kubectl.ts';
import { lab, onHost, settings } from '../support/lab.ts';
import { SLOW } from '../support/nfs.ts';
import { type Scene, aloneInventory, changedBy, explained, scene } from '../support/scene.ts';

/** One virtual machine is the whole cluster: its kernel has IPVS, that of the machine may not. */

const inventory = (mode: 'ipvs' | 'iptables'): string =>
  aloneInventory('ipvs', 'v1')
    .replace('  cniVersion: v1.2.0\n', `  cniVersion: v1.2.0\n  proxyMode: ${mode}\n`)
    .replace('\nssh:\n', '\nssh:\n  connectTimeoutSeconds: 60\n');

let alone: Scene;

const kubectl = (words: string, stdin = ''): Promise<string> =>
  onHost('v1', `${stdin}/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf ${words}`);

/** What it is asked over http is its name. */
const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'web',
        image: `${settings.controller}:5000/busybox:1.31`,
        command: ['sh', '-c', `mkdir /www; echo ${name} > /www/index.html; exec httpd -f -p 80 -h /www`],
      },
    ],
  },
});

const service = (name: string, more: object): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...more },
});

const addressOf = (name: string): Promise<string> =>
  kubectl(`get service ${name} -o jsonpath='{.spec.clusterIP}'`);

/** Who answers, asked eight times. */
const answers = async (name: string): Promise<string[]> => {
  const address = await addressOf(name);
  const said = await onHost('v1', `for i in 1 2 3 4 5 6 7 8; do curl -sS -m 5 http://${address}/; done`);
  return said.trim().split('\n');
};

beforeAll(async () => {
  await lab('up', '--nfs');
  await lab('wipe', 'v1');
  alone = scene('ipvs', inventory('ipvs'));
}, SLOW);

afterAll(async () => {
  alone.remove();
  await lab('wipe', 'v1');
  for (const host of ['n1', 'v1']) await lab('poweroff', host);
});

test(
  'a node whose kernel can becomes one that works by ipvs, and has nothing left to do',
  async () => {
    const first = await alone.run(['up', '--accept-new-host-keys']);
    expect(first.code, explained(first)).toBe(0);
    expect(await onHost('v1', 'curl -sS http://127.0.0.1:10249/proxyMode')).toBe('ipvs');
    const again = await alone.run(['up']);
    expect(again.code, explained(again)).toBe(0);
    expect(changedBy(again)).toBe(0);
  },
  SLOW,
);

test(
  'services are in its table, answer by all pods in turn, and a client that is to stay stays',
  async () => {
    await eventually(() => kubectl('get sa default'));
    const items = [
      pod('a'),
      pod('b'),
      service('web', {}),
      service('sticky', { sessionAffinity: 'ClientIP' }),
    ];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await kubectl('apply -f -', `printf %s '${list}' | `);
    await kubectl('wait --for=condition=Ready pod/a pod/b --timeout=300s');
    const [web, sticky] = await Promise.all(['web', 'sticky'].map(addressOf));
    const pods = (await kubectl("get pods -o jsonpath='{.items[*].status.podIP}'")).split(' ');
    const inTable = async (address: string, more: string): Promise<void> => {
      const table = await onHost('v1', 'ipvsadm -ln');
      const [, own = ''] = table.split(`TCP  ${address}:80 rr${more}\n`);
      const [backends = ''] = own.split(/^(?:TCP|UDP)/m);
      expect(backends.match(/\d+\.\d+\.\d+\.\d+:80/g)?.sort()).toEqual(pods.map((ip) => `${ip}:80`).sort());
    };
    await eventually(() => inTable(web ?? '', ''), 60);
    await eventually(() => inTable(sticky ?? '', ' persistent 10800'), 60);
    expect(new Set(await answers('web'))).toEqual(new Set(['a', 'b']));
    expect(new Set(await answers('sticky')).size).toBe(1);
  },
  SLOW,
);

test(
  'with iptables again nothing of ipvs is left, and the services answer',
  async () => {
    alone.write(inventory('iptables'));
    const changed = await alone.run(['up']);
    expect(changed.code, explained(changed)).toBe(0);
    expect(await onHost('v1', 'ipvsadm -ln | tail -n +4; ip -o link show kube-ipvs0 2>/dev/null || :')).toBe(
      '',
    );
    await eventually(async () => {
      expect(new Set(await answers('sticky')).size).toBe(1);
    }, 60);
  },
  SLOW,
);
