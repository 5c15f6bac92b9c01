import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { dialled } from '../../support/dialled.ts';
import { scratch } from '../../support/ssh-target.ts';
import { run } from './support.ts';

/** What is wrong on a command line is said before anybody is dialled and anything is written. */

const folder = scratch();
const server = await dialled();
const { port } = server;

afterAll(() => {
  folder.remove();
});

folder.file(
  'inventory.yaml',
  `name: x
ssh: { port: ${port}, agent: false, keys: [] }
artifacts: { mirrors: ['http://127.0.0.1:${port}'], onlyMirrors: true }
hosts:
  - { name: m1, address: 127.0.0.1, ip: 192.0.2.1, roles: [master, etcd] }
  - { name: w1, address: 127.0.0.2, ip: 192.0.2.2, roles: [worker] }
  - { name: n1, address: localhost, ip: 192.0.2.3, roles: [nfs] }
nfs: { exports: [{ path: /nfsdata }] }
users: [{ name: ann, role: view }]
`,
);
folder.file('broken.yaml', 'name: x\nhosts: []\n');
folder.file('FILE', 'not a folder\n');
mkdirSync(join(folder.path, 'empty'));

const everything = (): string[] => readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).sort();
const before = everything();

beforeEach(() => {
  server.reset();
});

/** `@/` is the folder of the inventory. */
const at = (line: string): string[] => line.split(' ').map((word) => word.replace(/^@/, folder.path));

describe('refused with code 2', () => {
  it.each([
    ['plan --only etc', /E_PHASE: there is no phase "etc"; did you mean etcd\?[^]*hint: Phases are base, /],
    ['up --only etcd sheduler', /no phase "sheduler"; did you mean scheduler\?/],
    ['up --skip verfy', /no phase "verfy"; did you mean verify\?/],
    ['preflight --skip nonsense', /E_PHASE: there is no phase "nonsense"\n/],
    [
      'up --ignore-preflight nonsense',
      /E_CHECK: there is no preflight check "nonsense"\n[^]*hint: Checks are /,
    ],
    ['plan --ignore-preflight prots', /no preflight check "prots"; did you mean ports\?/],
    ['plan --ignore-preflight reachabilty', /did you mean reachability\?/],
    ['nfs setup --ignore-preflight prots', /did you mean ports\?/],
    ['certs renew --ignore-preflight prots', /did you mean ports\?/],
    ['certs renew --only apisever', /E_CERT_NAME: .*did you mean apiserver\?/],
    ['certs renew --host m2', /E_HOST: there is no host "m2"[^]*hint: Hosts are m1, w1, n1/],
    ['certs list --host m2', /E_HOST: /],
    ['certs list --within soon', /It must be like 30d/],
    ['certs trust clustr @/FILE', /E_CA_TRUST: .*did you mean cluster\?/],
    ['certs rotate-ca clustr', /E_CA_ROTATION: .*did you mean cluster\?/],
    ['trust m2', /E_HOST: /],
    ['ssh m2 true', /E_HOST: /],
    ['logs etcd m2', /E_HOST: /],
    ['logs a;b', /E_UNIT: /],
    ['logs kubelt', /E_UNIT: there is no unit kubelt here; did you mean kubelet\?[^]*hint: Units are .*etcd/],
    ['logs sheduler', /E_UNIT: .*did you mean scheduler\?/],
    ['logs scheduler m2', /E_HOST: /],
    ['up --only nodes @/inventory.yaml', /E_PHASE: [^]*hint: .*write the inventory before it, or after -i/],
    ['plan --skip etcd @/FILE', /E_PHASE: [^]*write the inventory before it/],
    ['up --ignore-preflight ports none.yaml', /E_CHECK: [^]*write the inventory before it/],
    ['logs etcd -n some', /It must be a number/],
    ['nfs check m2', /E_HOST: /],
    ['nfs remove nfsdata', /E_NO_EXPORT: /],
    ['nfs remove n2:/nfsdata', /E_NO_EXPORT: /],
    ['nfs remove /nfsdata', /E_EXPORT_DECLARED: /],
    ['issue-user bob --auth passwrd', /Allowed choices are cert, token, both/],
    ['issue-user bob --days 0', /It must be a number of days/],
    ['issue-user bob --role admn', /E_ROLE: .*did you mean admin\?/],
    ['issue-user a/b', /E_USER_NAME: /],
    ['issue-user bob --namespace dev', /E_ROLE: /],
    ['issue-user ann --days 3', /E_USER_DECLARED: /],
    ['users kubeconfig an', /E_USER_UNKNOWN: .*did you mean ann\?/],
    ['users revoke ann', /E_USER_DECLARED: /],
    ['users revoke a/b', /E_USER_NAME: /],
    ['rbac render vieww', /E_USER_UNKNOWN: /],
    ['explain anonymous-aut', /did you mean anonymous-auth\?/],
    ['init 10.0.0.300 --output @/new.yaml', /E_ADDRESS: /],
    ['init 10.0.0.1 --output @/new.yaml --masters 2', /E_MASTERS: /],
    ['init 10.0.0.1 --output @/new.yaml --port 99999', /port/],
    ['init 10.0.0.1 --output @/new.yaml --name Bad_Name', /E_INVENTORY: /],
    ['init 10.0.0.1 --output @/new.yaml --from @/none.yaml', /E_INVENTORY_FILE: /],
    ['init 10.0.0.1 --output @/inventory.yaml', /E_EXISTS: /],
    ['up @/typo/inventory.yaml', /E_INVENTORY_FILE: cannot read the inventory .*no such file/],
    ['up @/FILE/inventory.yaml', /E_INVENTORY_FILE: cannot read the inventory .*its folder is a file/],
    ['up @/empty', /E_INVENTORY_FILE: cannot read the inventory .*it is a folder/],
    ['up /proc/nowhere/x.yaml', /E_INVENTORY_FILE: /],
    ['up @/broken.yaml', /E_INVENTORY/],
    ['adopt @/typo/inventory.yaml', /E_INVENTORY_FILE: /],
    ['certs renew -i @/broken.yaml', /E_INVENTORY/],
    ['up --frce', /unknown option '--frce'/],
  ] as const)('%s', async (line, says) => {
    const env = { K8S_BOOTSTRAP_INVENTORY: join(folder.path, 'inventory.yaml') };
    const { code, stderr } = await run(at(line), env);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
    expect(server.count()).toBe(0);
    expect(everything()).toEqual(before);
  });
});

describe('the log of a run', () => {
  /** A folder of its own with the inventory. */
  const copy = (): string => {
    const here = scratch();
    onTestFinished(here.remove);
    here.file('inventory.yaml', readFileSync(join(folder.path, 'inventory.yaml'), 'utf8'));
    return here.path;
  };

  it('begins when the inventory was read, with all that is told', async () => {
    const here = copy();
    await run(['up', join(here, 'inventory.yaml'), '--accept-new-host-keys']);
    expect(server.count()).toBeGreaterThan(0);
    const logs = join(here, '.k8s-bootstrap/logs');
    expect(readdirSync(logs)).toHaveLength(1);
    expect(existsSync(join(here, '.k8s-bootstrap/.gitignore'))).toBe(true);
  });

  it('that cannot be written ends the run before anybody is dialled, and says so', async () => {
    const here = copy();
    writeFileSync(join(here, '.k8s-bootstrap'), '');
    const { code, stderr } = await run(['up', join(here, 'inventory.yaml')]);
    expect(stderr).toMatch(
      /E_LOG_FOLDER: .*written to .*\/.k8s-bootstrap\/logs: a file is in its place\n[^]*hint: /,
    );
    expect({ code, connections: server.count() }).toEqual({ code: 1, connections: 0 });
  });
});
