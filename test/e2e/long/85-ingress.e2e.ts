import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COURSE } from '../support/course/walk.ts';
import { eventually, kubectl } from '../support/kubectl.ts';
import { addressOf, command, settings } from '../support/lab.ts';
import { inventoryFile, lines, product, standingCluster, up, writeInventory } from '../support/product.ts';

/** The real controller before Debian's nginx, with `npm run test:addons`; see `test/lab/artifacts/images/ingress.sh`. */
const IMAGE = 'quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.26.1';
const here = IMAGE.replace(/^.*\//, `${settings.controller}:5000/`);
const withIngress = (text: string): string =>
  `${text.replace(/^images:\n/m, `images:\n  mirrors: { '${IMAGE}': '${here}' }\n`)}\naddons: { ingress-nginx: {} }\n`;

const NAMESPACE = ['-n', 'course-ingress'];
const HOST = 'shop.example.com';
let folder: string;

/** What a host of the cluster answers for a name on 443; with a certificate file it has to be that one. */
const answer = async (host: 'w1' | 'w2', ca: string): Promise<string> => {
  const resolved = ['--resolve', `${HOST}:443:${addressOf(host)}`];
  const words = [
    '-sS',
    '--noproxy',
    '*',
    '--max-time',
    '10',
    '--cacert',
    ca,
    ...resolved,
    `https://${HOST}/`,
  ];
  const { code, stdout, stderr } = await command('curl', words);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
};

const objects = async (): Promise<string> =>
  kubectl([
    ...['get', 'daemonsets,services,configmaps,clusterroles,clusterrolebindings', '-A'],
    ...['-l', 'k8s-bootstrap/part=ingress-nginx', '-o', 'name'],
  ]);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-ingress-'));
  await standingCluster();
});

afterAll(async () => {
  await kubectl(['delete', 'namespace', 'course-ingress', '--ignore-not-found']);
  writeInventory();
  await up('--prune');
  rmSync(folder, { recursive: true, force: true });
});

describe('ingress-nginx', () => {
  test('runs on every worker', async () => {
    writeInventory(withIngress);
    await up();
    // One that answers is enough for `up`: a node that is away takes its own with it.
    await eventually(async () => {
      const pods = await kubectl([
        ...['-n', 'ingress-nginx', 'get', 'pods', '--sort-by', '.spec.nodeName', '-o'],
        'jsonpath={range .items[*]}{.spec.nodeName} {.status.containerStatuses[0].ready}{"\\n"}{end}',
      ]);
      expect(pods.trim().split('\n')).toEqual(['w1 true', 'w2 true']);
    }, 60);
    expect((await product(['addons', 'list', '--json', '-i', inventoryFile])).code).toBe(0);
  });

  test('leaves a second up nothing to do', async () => {
    expect((await up()).summary.changed).toBe(0);
  });

  test('answers on each of them for an Ingress of the course, behind its own certificate', async () => {
    const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
    const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '7', '-subj', `/CN=${HOST}`];
    const names = ['-addext', `subjectAltName=DNS:${HOST}`];
    await command('openssl', [...words, ...names, '-keyout', key, '-out', certificate]);
    await kubectl(['create', 'namespace', 'course-ingress']);
    await kubectl([
      ...NAMESPACE,
      ...['create', 'secret', 'tls', 'shop-tls', `--cert=${certificate}`, `--key=${key}`],
    ]);
    const page = readFileSync(join(COURSE, '18-ingress/ingress.yaml'), 'utf8');
    const images = page.replaceAll('busybox:', `${settings.controller}:5000/busybox:`);
    await eventually(() => kubectl([...NAMESPACE, 'apply', '-f', '-'], images));
    await kubectl([...NAMESPACE, 'rollout', 'status', 'deployment/shop', '--timeout=180s']);
    const pod = await kubectl([...NAMESPACE, 'get', 'pods', '-o', 'jsonpath={.items[0].metadata.name}']);
    for (const host of ['w1', 'w2'] as const) {
      await eventually(async () => {
        expect(await answer(host, certificate)).toBe(pod);
      });
    }
    await eventually(async () => {
      const path = 'jsonpath={.status.loadBalancer.ingress[*].ip}';
      expect(await kubectl([...NAMESPACE, 'get', 'ingress', 'shop', '-o', path])).toContain(addressOf('w1'));
    });
  });

  test('answers for another pod when that one is gone', async () => {
    const name = ['get', 'pods', '-o', 'jsonpath={.items[0].metadata.name}'];
    const pod = await kubectl([...NAMESPACE, ...name]);
    await kubectl([...NAMESPACE, 'delete', 'pod', pod]);
    await eventually(async () => {
      const now = await kubectl([...NAMESPACE, ...name]);
      expect(now).not.toBe(pod);
      expect(await answer('w1', join(folder, 'tls.crt'))).toBe(now);
    });
  });

  test('goes with up --prune when the inventory has it no more', async () => {
    writeInventory();
    const { planned } = await up('--prune');
    expect(lines(planned)).toContain('m1 addon:ingress-nginx delete');
    await eventually(async () => {
      expect(await objects()).toBe('');
    });
  });
});
