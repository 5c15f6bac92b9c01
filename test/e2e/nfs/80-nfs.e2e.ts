import { kubectl } from '../support/kubectl.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportsText } from '../../../src/resources/nfs/exports-text.ts';
import { addressOf, onHost, settings } from '../support/lab.ts';
import { asEntries, generatedExports, printedEntries } from '../support/exports.ts';
import {
  SERVER,
  SLOW,
  TEAM,
  VOLUMES,
  machines,
  setup,
  upWithStorage,
  withNfsInventory,
  writeNfsInventory,
} from '../support/nfs.ts';
import { lines, up } from '../support/product.ts';
import { moved, startsOf } from '../support/units.ts';

const BY_HAND = `/opt/by-hand ${settings.net}.254(ro,no_subtree_check)`;

/** Before any other of that name, and keeps a list of how it was called. */
const WATCHED_EXPORTFS = `cat > /usr/local/bin/exportfs.new <<'END'
#!/bin/sh
echo "exportfs $*" >> /run/k8sb-exportfs
exec /usr/sbin/exportfs "$@"
END
chmod 755 /usr/local/bin/exportfs.new
mv /usr/local/bin/exportfs.new /usr/local/bin/exportfs
: > /run/k8sb-exportfs`;

const both = ['n1', 'v1'] as const;
const nodes = ['m1', 'w1', 'w2', 'v1'] as const;

beforeAll(async () => {
  await machines();
  // Somebody exported something here before the product came.
  await onHost('n1', `mkdir -p /opt/by-hand; echo '${BY_HAND}' > /etc/exports; exportfs -r 2>/dev/null || :`);
  writeNfsInventory();
  await upWithStorage();
}, SLOW);

afterAll(async () => {
  await onHost('n1', ': > /etc/exports; rm -f /usr/local/bin/exportfs; /usr/sbin/exportfs -r || :');
});

describe('what is exported', () => {
  test('is what a client sees: the inventory, and what was there before', async () => {
    const list = await onHost('v1', `showmount -e --no-headers ${SERVER}`);
    const addresses = nodes.map(addressOf).sort();
    const seen = list
      .trim()
      .split('\n')
      .map((line) => {
        const [, path = '', clients = ''] = /^(.*?)\s+(\S+)$/.exec(line) ?? [];
        return `${path} ${clients.split(',').sort().join(',')}`;
      });
    expect(seen.sort()).toEqual(
      [
        `${VOLUMES} ${addresses.join(',')}`,
        `${TEAM} ${settings.net}.0/24`,
        `/opt/by-hand ${settings.net}.254`,
      ].sort(),
    );
  });

  test.each(['3', '4.2'])(
    'can be written by version %s as root, or as nobody, as the options say',
    async (version) => {
      const at = `/run/e2e-${version}`;
      const written = await onHost(
        'v1',
        `set -e
mkdir -p ${at}
for path in '${VOLUMES}' '${TEAM}'; do
  mount -t nfs -o vers=${version} "${SERVER}:$path" ${at}
  echo "it is v${version}" > ${at}/e2e
  grep -c ' ${at} nfs4* .*vers=${version}' /proc/mounts
  cat ${at}/e2e
  umount ${at}
done
rmdir ${at}`,
      );
      expect(written).toBe(`1\nit is v${version}\n`.repeat(2));
      expect(
        await onHost(
          'n1',
          `for path in '${VOLUMES}' '${TEAM}'; do stat -c %u "$path/e2e"; cat "$path/e2e"; rm "$path/e2e"; done`,
        ),
      ).toBe(`0\nit is v${version}\n65534\nit is v${version}\n`);
    },
  );

  test('has its services in the order and on the ports of the inventory', async () => {
    const text = await onHost(
      'n1',
      `systemctl is-enabled rpcbind nfs-server; systemctl show -p Id nfs.service
rpcinfo -p | awk '{ print $5, $4 }' | sort -u
systemctl show -p ActiveEnterTimestampMonotonic rpcbind.service nfs-server.service | grep . | cut -d= -f2`,
    );
    expect(text).toContain('enabled\nenabled\nId=nfs-server.service\n');
    for (const line of ['mountd 20048', 'status 662', 'nlockmgr 4045', 'nfs 2049']) {
      const [name = ''] = line.split(' ');
      expect(text.split('\n').filter((one) => one.startsWith(`${name} `))).toEqual([line]);
    }
    const [rpcbind = 0, server = 0] = text.trim().split('\n').slice(-2).map(Number);
    expect(rpcbind).toBeLessThan(server);
  });

  test('is all that the firewall lets in besides ssh, and from its clients alone', async () => {
    const zone = await onHost('n1', 'cat /etc/firewalld/zones/public.xml');
    const rules = [...zone.matchAll(/<rule.*?<\/rule>/gs)].map(([rule]) => ({
      from: /<source address="(.*?)"/.exec(rule)?.[1],
      to: (/<port port="\d+" protocol="\w+"/.exec(rule)?.[0] ?? '').replace(/\D*(\d+).*"(\w+)"/, '$1/$2'),
    }));
    const ports = '111/tcp 111/udp 662/tcp 662/udp 2049/tcp 4045/tcp 4045/udp 20048/tcp 20048/udp'.split(' ');
    expect([...new Set(rules.map(({ to }) => to))].sort()).toEqual(ports.sort());
    const clients = [`${settings.net}.0/24`, ...nodes.map(addressOf)];
    for (const { from } of rules) expect(clients).toContain(from);
    expect(zone.replaceAll(/<rule.*?<\/rule>/gs, '').match(/<(?:port|service|source) .*?>/g)).toEqual([
      '<service name="ssh"/>',
      '<service name="dhcpv6-client"/>',
    ]);
    const dial = (port: number): string =>
      `timeout 5 bash -c 'exec 3<>/dev/tcp/${SERVER}/${port}' 2>&1 | grep -om1 'No route to host'`;
    expect(
      await onHost(
        'v1',
        [111, 662, 2049, 4045, 20_048, 5555].map((port) => `echo ${port} $(${dial(port)})`).join('\n'),
      ),
    ).toBe('111\n662\n2049\n4045\n20048\n5555 No route to host\n');
  });
});

describe('a second run', () => {
  test('changes nothing, restarts nothing, and does not call exportfs', async () => {
    await onHost('n1', WATCHED_EXPORTFS);
    const look = `stat -c '%n %y %z' /var/lib/nfs/etab /etc/exports /etc/exports.d/*; cat /run/k8sb-exportfs`;
    const [before, files] = [await startsOf(both), await onHost('n1', look)];
    // While its pod is not ready, a master is asked what it waits for.
    const deployment = 'deployment/nfs-client-provisioner';
    await kubectl(['-n', 'kube-system', 'rollout', 'status', deployment, '--timeout=120s']);
    for (const run of [() => up(), setup]) {
      const { summary, planned } = await run();
      expect(planned).toEqual([]);
      expect(summary).toMatchObject({ changed: 0, failed: 0 });
      expect(summary.hosts.map(({ name, execs }) => [name, execs])).toEqual(
        summary.hosts.map(({ name }) => [name, 1]),
      );
    }
    expect(moved(before, await startsOf(both))).toEqual([]);
    expect(await onHost('n1', look)).toBe(files);
  });

  test('leaves what somebody has written into /etc/exports', async () => {
    expect(await onHost('n1', `cat /etc/exports; exportfs -s | grep -c '^/opt/by-hand '`)).toBe(
      `${BY_HAND}\n1\n`,
    );
  });

  test('reads the exports again when one was changed, once, and restarts nothing', async () => {
    const before = await startsOf(['n1']);
    await onHost('n1', ': > /run/k8sb-exportfs');
    const changed = await withNfsInventory(
      (text) => text.replace('rw,sync,root_squash', 'ro,sync,root_squash'),
      setup,
    );
    expect(lines(changed.planned)).toEqual([
      'n1 exports update',
      'n1 file:/etc/exports.d/k8s-bootstrap.exports update',
    ]);
    expect(await onHost('n1', 'cat /run/k8sb-exportfs')).toBe('exportfs -r\n');
    await setup();
    expect(moved(before, await startsOf(['n1']))).toEqual([]);
  });
});

describe('what was changed by hand on the server', () => {
  test.each([
    {
      what: 'the table that is in force',
      change: `/usr/sbin/exportfs -o rw,root_squash,no_subtree_check '${addressOf('v1')}:${VOLUMES}'`,
      wanted: ['n1 exports update'],
    },
    {
      what: 'the files',
      change: `echo '/srv *(rw)' >> /etc/exports.d/k8s-bootstrap.exports; rm /etc/nfs.conf.d/k8s-bootstrap.conf`,
      wanted: [
        'n1 exports update',
        'n1 file:/etc/exports.d/k8s-bootstrap.exports update',
        'n1 file:/etc/nfs.conf.d/k8s-bootstrap.conf create',
        'n1 service:nfs-server.service restart',
      ],
    },
  ])('is put right by nfs setup, and nothing else is done: $what', async ({ change, wanted }) => {
    await onHost('n1', change);
    // Which ends well only when a second look finds nothing more to do.
    expect(lines((await setup()).planned)).toEqual(wanted);
  });
});

describe('rpcbind that was started again', () => {
  test('knows NFS again after nfs setup, and nothing else was done', async () => {
    // What it writes down for its next start is lost when it is killed.
    await onHost(
      'n1',
      'systemctl kill -s KILL rpcbind; rm -f /run/rpcbind/*.xdr; systemctl restart rpcbind.service; ! rpcinfo -p | grep -q mountd',
    );
    const before = await startsOf(both);
    const { planned } = await setup();
    expect(planned.map(({ host, id, because }) => [host, id, because.join()])).toEqual([
      ['n1', 'service:nfs-server.service', expect.stringContaining('rpcbind')],
    ]);
    const touched = moved(before, await startsOf(both));
    expect(touched).toContain('n1 nfs-server.service');
    for (const line of touched) expect(line).toMatch(/^n1 (?:nfs-|rpc-statd|nfsdcld)/);
    expect(await onHost('v1', `showmount -e ${SERVER}`)).toContain(VOLUMES);
  });
});

describe('the file of exports', () => {
  test('means to the real exportfs what it was made of, for any path, client and options', async () => {
    const wanted = generatedExports();
    const text = await onHost(
      'n1',
      `set -e
cd /
mkdir -p ${wanted.map(({ path }) => `'${path.replaceAll("'", "'\\''")}'`).join(' ')}
cat > /etc/exports.d/e2e.exports <<'END OF EXPORTS'
${exportsText(wanted)}END OF EXPORTS
/usr/sbin/exportfs -r 2>&1
/usr/sbin/exportfs -s
rm -r /srv/e2e /etc/exports.d/e2e.exports
/usr/sbin/exportfs -r`,
    );
    expect(printedEntries(text)).toEqual(asEntries(wanted));
    expect(printedEntries(text).length).toBeGreaterThan(200);
  });
});
