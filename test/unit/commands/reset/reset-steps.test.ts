import { describe, expect, it } from 'vitest';
import { paths } from '../../../../src/kernel/host-paths.ts';
import { packagesOf, resettable } from '../../../../src/commands/reset/concerned.ts';
import { resetSteps } from '../../../../src/commands/reset/reset-steps.ts';
import { BEFORE } from '../../../../src/resources/before.ts';
import { FIREWALLD_ANSWER } from '../../../../src/resources/network/firewall.ts';
import { NODES } from '../../../../src/resources/cluster/kube-api.ts';
import { MANIFEST } from '../../../../src/resources/manifest.ts';
import { zoneSettings } from '../../../support/zone-settings.ts';
import { type Sight, textFile, worldOf } from '../../phases/world.ts';

const HOSTS = [
  { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
  { name: 'n1', address: '192.0.2.31', roles: ['nfs'] },
];
const INVENTORY = {
  name: 'demo',
  hosts: HOSTS,
  nfs: { exports: [{ host: 'n1', path: '/srv/data', clients: [{ match: '192.0.2.0/24' }] }] },
};

const digest = 'a'.repeat(64);
const marked = (before = ''): Sight => ({
  files: {
    [MANIFEST]: textFile(
      `${digest}\t/etc/systemd/system/kubelet.service\tkubelet\n${digest}\t/etc/systemd/system/docker.service.d/x.conf\truntime\n`,
    ),
    [BEFORE]: textFile(before),
  },
});

function steps(seen: Readonly<Record<string, Sight | undefined>>, wish = {}) {
  const world = worldOf({ inventory: INVENTORY, seen });
  return resetSteps(world, {
    hosts: new Set(['m1', 'w1', 'n1']),
    deleteData: false,
    packages: false,
    stamp: '1',
    ...wish,
  });
}
const scriptsAt = (found: ReturnType<typeof steps>, id: string, host: string): string =>
  found
    .filter((step) => step.id === id)
    .flatMap(({ does }) => (does.kind === 'steps' ? does.steps(host) : []))
    .map((step) => (step.op === 'run' ? step.script : ''))
    .join('\n');

describe('what a reset does', () => {
  it('is told for the hosts that carry something, by what they are', () => {
    expect(
      steps({ m1: marked(), w1: {}, n1: marked() }).map(({ id, hosts }) => `${id} ${hosts.join()}`),
    ).toEqual([
      'reset-stop m1,n1',
      'reset-pods m1',
      'reset-network m1',
      'reset-aside m1',
      'reset-files m1,n1',
      'reset-settings m1,n1',
    ]);
    expect(steps({ m1: {}, w1: {}, n1: {} })).toEqual([]);
  });

  it('leaves data and packages unless they are asked for', () => {
    const seen = { m1: marked('package\tsocat\t-\n'), w1: marked(), n1: marked() };
    const all = steps(seen, { deleteData: true, packages: true });
    expect(all.map(({ id, hosts }) => `${id} ${hosts.join()}`)).toEqual([
      'reset-stop m1,w1,n1',
      'reset-pods m1,w1',
      'reset-network m1,w1',
      'reset-data m1,n1',
      'reset-files m1,w1,n1',
      'reset-settings m1,w1,n1',
      'reset-packages m1',
    ]);
    expect(scriptsAt(all, 'reset-packages', 'm1')).toContain('for name in socat; do');
    expect(scriptsAt(all, 'reset-data', 'n1')).toContain('P=/srv/data');
    expect(scriptsAt(all, 'reset-data', 'm1')).not.toContain('/srv/data');
    for (const { id, hosts } of steps(seen)) {
      for (const host of hosts) {
        expect(scriptsAt(steps(seen), id, host)).not.toMatch(/\/srv\/data'? |rm .*etcd-backup|rpm -e/);
      }
    }
  });

  it('removes packages that an earlier reset has left, and does nothing else there', () => {
    const seen = { w1: { files: { [BEFORE]: textFile('package\tsocat\t-\n') } } };
    expect(steps(seen)).toEqual([]);
    const found = steps(seen, { packages: true });
    expect(found.map(({ id, hosts }) => `${id} ${hosts.join()}`)).toEqual(['reset-packages w1']);
    expect(scriptsAt(found, 'reset-packages', 'w1')).toContain('for name in socat; do');
  });

  it('stops the units whose file is ours, and gives back those of packages', () => {
    const found = steps({
      w1: marked(
        'unit\tkubelet.service\tActiveState=inactive UnitFileState=\nunit\tdocker.service\tActiveState=active UnitFileState=disabled\n',
      ),
    });
    expect(scriptsAt(found, 'reset-stop', 'w1')).toContain('systemctl stop -- kubelet.service\n');
    const former = scriptsAt(found, 'reset-settings', 'w1');
    expect(former).toContain('former docker.service ActiveState=active UnitFileState=disabled');
    expect(former).not.toContain('former kubelet.service');
  });

  it('closes what is written down as opened in firewalld, where it is open, and nothing else', () => {
    const record = textFile('port 10250/tcp\nport 111/udp\nport 80/tcp\nport 1/tcp; reboot\n');
    const open = (...answer: string[]): Sight => ({
      files: { ...marked().files, [paths.firewall]: record },
      answers: { [FIREWALLD_ANSWER]: { code: 0, output: answer.join('\n') } },
    });
    const now = zoneSettings({ ports: ['10250/tcp', '111/udp', '22/tcp'] });
    const permanent = '<zone><port port="111" protocol="udp"/><port port="22" protocol="tcp"/></zone>';
    const script = (seen: Sight): string => scriptsAt(steps({ w1: seen }), 'reset-files', 'w1');
    const calls = (seen: Sight): string[] =>
      script(seen)
        .split('\n')
        .filter((line) => line.startsWith('firewall-cmd'))
        .map((line) => line.split(' ||')[0] ?? '');
    expect(calls(open('zone public', '== runtime zone', now, '== permanent zone', permanent))).toEqual([
      'firewall-cmd -q --zone=public --remove-port=10250/tcp --remove-port=111/udp',
      'firewall-cmd -q --permanent --zone=public --remove-port=111/udp',
    ]);
    const silent = "left 'firewalld does not run, or does not tell";
    expect([calls(open('no firewalld')), script(open('no firewalld')).includes(silent)]).toEqual([[], true]);
    expect([calls(marked()), script(marked()).includes(silent)]).toEqual([[], false]);
  });

  it('quotes what a host says, and takes no line of another form', () => {
    const found = steps({
      w1: marked('made\t/etc/$(reboot)\t-\nnonsense\t/srv/a\t-\nmade\t/srv/b\t-\tmore\nmade\t/srv/c\n'),
    });
    expect(scriptsAt(found, 'reset-settings', 'w1')).toContain(`for d in '/etc/$(reboot)'; do`);
  });

  it('is refused for a host that others count on', () => {
    const nodes = { items: [{ metadata: { name: 'w1' } }] };
    const master: Sight = { ...marked(), objects: { [NODES]: { status: 200, body: nodes } } };
    expect(() => steps({ m1: master, w1: marked() }, { hosts: new Set(['w1']) })).toThrow(
      expect.objectContaining({
        code: 'E_RESET_MEMBER',
        message: expect.stringContaining('w1 is still a node') as string,
      }),
    );
    expect(
      steps({ m1: marked(), w1: marked() }, { hosts: new Set(['w1']) }).map(({ hosts }) => hosts.join()),
    ).toEqual(Array.from({ length: 5 }, () => 'w1'));
    // Of all of them nobody stays who counts on one.
    expect(steps({ m1: master, w1: marked() }).length).toBe(6);
  });

  it('knows which packages came with it', () => {
    const world = worldOf({
      inventory: INVENTORY,
      seen: { w1: marked('package\tsocat\t-\npackage\tdocker\t-\n') },
    });
    expect(packagesOf(world, 'w1')).toEqual(['socat', 'docker']);
    expect(packagesOf(world, 'm1')).toEqual([]);
    expect(
      resettable(world, { hosts: new Set(['m1', 'w1']), deleteData: false, packages: false, stamp: '1' }).map(
        ({ name }) => name,
      ),
    ).toEqual(['w1']);
  });
});
