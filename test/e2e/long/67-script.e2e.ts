import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectlWith } from '../support/kubectl.ts';
import { HOSTS, command, lab, onHost, settings } from '../support/lab.ts';
import { type Scene, WELL, changedBy, done, filesBelow, masters, scene, wipe } from '../support/scene.ts';

/** Three members of etcd, two of them masters; nobody but a person with a shell changes anything. */
let here: Scene;

beforeAll(async () => {
  await wipe(...HOSTS);
  here = scene('typed', masters({ name: 'typed', hosts: HOSTS, masters: ['m1', 'w1'], members: HOSTS }));
});

afterAll(async () => {
  here.remove();
  await Promise.all(HOSTS.map((host) => lab('wipe', host)));
});

/** What ORDER.md says to type, block by block. */
const blocks = (folder: string): string[] =>
  [...readFileSync(join(folder, 'ORDER.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  );

async function typed(folder: string): Promise<void> {
  for (const block of blocks(folder)) {
    const { code, stdout, stderr } = await command('bash', ['-e', '-c', block], { cwd: folder });
    expect(code, `${block}\n${stdout}\n${stderr}`).toBe(0);
  }
}

/** As somebody would read them who is about to type them as root. */
async function readAloud(folder: string): Promise<void> {
  const texts = filesBelow(folder).filter(
    (path) => !path.split('/').includes('secrets') && /\.(?:sh|md|yaml)$/.test(path),
  );
  for (const path of texts) expect(readFileSync(join(folder, path), 'utf8'), path).not.toMatch(/PRIVATE KEY/);
  // They stand on what is beside them, which is read with each.
  const scripts = texts.filter((path) => path.startsWith('m1/') && /\d-.*\.sh$/.test(path));
  expect(scripts.length).toBeGreaterThan(5);
  const said = await command('shellcheck', ['-x', '-P', 'SCRIPTDIR', '-s', 'sh', ...scripts], {
    cwd: folder,
  });
  expect(said).toEqual({ code: 0, stdout: '', stderr: '' });
}

describe('a cluster by hand', () => {
  test('is made by the scripts of plan --script, in the order that they come with', async () => {
    const folder = join(here.folder, 'by-hand');
    let rounds = 0;
    for (;;) {
      const told = await here.run(['plan', '--accept-new-host-keys', '--script', folder]);
      expect(done(told)).toEqual(WELL);
      if ((await here.run(['plan', '--detailed-exitcode'])).code === 0) break;
      rounds += 1;
      // How the runtime is packaged is seen when it is there: then comes the second half.
      expect(rounds).toBeLessThan(3);
      await readAloud(folder);
      await typed(folder);
    }
    expect(rounds).toBeGreaterThan(0);
    expect(await onHost('m1', 'ls -d ~/k8s-bootstrap 2>/dev/null || echo gone')).toBe('gone\n');
  }, 1_800_000);

  test('is what up would have made: it finds nothing to do, and all is well', async () => {
    const up = await here.run(['up']);
    expect(done(up)).toEqual(WELL);
    expect(changedBy(up)).toBe(0);
  }, 300_000);

  test('works', async () => {
    const members = await onHost('m1', '. /etc/profile.d/etcdctl.sh; etcdctl endpoint health 2>&1');
    expect(members.match(/is healthy/g)).toHaveLength(3);
    const kubectl = kubectlWith(join(here.state, 'kubeconfig', 'admin.conf'));
    const status = 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}';
    expect((await kubectl(['get', 'nodes', '-o', status])).trim()).toBe('True True True');
    const web = readFileSync(new URL('../manifests/web.yaml', import.meta.url), 'utf8');
    await kubectl(['apply', '-f', '-'], web.replaceAll('REGISTRY', `${settings.controller}:5000`));
    await kubectl(['rollout', 'status', 'deployment/web', '--timeout=180s']);
    const address = await kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
    for (const host of HOSTS)
      expect(await onHost(host, `curl -sS --noproxy '*' --max-time 10 http://${address}/`)).toMatch(/./);
  }, 300_000);
});
