import { rmSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sysctl } from '../../src/resources/sysctl.ts';
import { look, runSteps } from '../support/probing.ts';
import { type RootedHost, rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const KEY = 'net.ipv4.ip_forward';
const forwarding = sysctl(KEY, '1');

/** A host that forwards now, with these files for the next boot. */
function hostWith(shell: (typeof shells)[number], files: Readonly<Record<string, string>>): RootedHost {
  const host = rootedHost(shell);
  host.write('/proc/sys/net/ipv4/ip_forward', '1\n');
  host.write('/etc/sysctl.d/99-k8s-bootstrap.conf', `# ours\n${KEY} = 1\n`);
  for (const [path, text] of Object.entries(files)) host.write(path, text);
  return host;
}

const atBoot = async (host: RootedHost): Promise<string | undefined> =>
  (await look(host.session(), forwarding.watches)).sysctlAtBoot(KEY)?.at(-1)?.value;

/** What is planned, done, and no longer planned. */
async function up(host: RootedHost): Promise<string> {
  const seen = await look(host.session(), forwarding.watches);
  const change = forwarding.diff(seen, new Map());
  const { marks, stderr } = await runSteps(host.session(), await forwarding.steps(change, seen));
  expect(
    marks.filter((mark) => mark.startsWith('fail')),
    stderr,
  ).toEqual([]);
  expect(forwarding.diff(await look(host.session(), forwarding.watches), new Map()).kind).toBe('none');
  expect(await atBoot(host)).toBe('1');
  return change.kind === 'update' ? change.summary : change.kind;
}

describe.each(shells)('parameters at boot, with $name as sh', (shell) => {
  it('are ours beside files that come before', async () => {
    const host = hostWith(shell, { '/usr/lib/sysctl.d/50-default.conf': `${KEY}=0\n` });
    expect(await up(host)).toBe('none');
  });

  it.each([
    `${KEY}=0`,
    `  ${KEY}  =  0  `,
    `-${KEY} = 0`,
    'net/ipv4/ip_forward=0',
    'net.ipv4.conf.all.forwarding = 0',
  ])('are ours again where a later file says "%s"', async (line) => {
    const path = '/etc/sysctl.d/99-zz.conf';
    const text = `kernel.panic=1\n${line}\n# ${KEY}=0\n`;
    const host = hostWith(shell, { [path]: text });
    expect(await atBoot(host)).toBe('0');
    expect(await up(host)).toBe(`at boot ${path} makes it 0: commented out`);
    expect(host.read(path)).toBe(text.replace(line, `# k8s-bootstrap: ${line}`));
    expect(host.read(`/var/lib/k8s-bootstrap/originals${path}`)).toBe(text);
  });

  it('follow a link to the file that is meant', async () => {
    const host = hostWith(shell, { '/etc/sysctl.conf': `${KEY} = 0\n` });
    expect(await atBoot(host), 'which is not read without the link').toBe('1');
    symlinkSync('../@etc/sysctl.conf'.replace('@etc/', ''), host.at('/etc/sysctl.d/99-sysctl.conf'));
    expect(await up(host)).toContain('99-sysctl.conf makes it 0');
    expect(host.read('/etc/sysctl.conf')).toBe(`# k8s-bootstrap: ${KEY} = 0\n`);
  });

  it('leave a file of a package as it is, and put one of its name before it', async () => {
    const host = hostWith(shell, { '/usr/lib/sysctl.d/99-tuning.conf': `${KEY}=0\nkernel.panic=1\n` });
    await up(host);
    expect(host.read('/usr/lib/sysctl.d/99-tuning.conf')).toBe(`${KEY}=0\nkernel.panic=1\n`);
    expect(host.read('/etc/sysctl.d/99-tuning.conf')).toBe(`# k8s-bootstrap: ${KEY}=0\nkernel.panic=1\n`);
  });

  it('are not those of a file that another of its name hides', async () => {
    const host = hostWith(shell, { '/usr/lib/sysctl.d/99-tuning.conf': `${KEY}=0\n` });
    for (const put of [
      () => {
        symlinkSync('/dev/null', host.at('/etc/sysctl.d/99-tuning.conf'));
      },
      () => {
        host.write('/run/sysctl.d/99-tuning.conf', 'kernel.panic=1\n');
      },
    ]) {
      expect(await atBoot(host)).toBe('0');
      put();
      expect(await atBoot(host)).toBe('1');
      rmSync(host.at('/etc/sysctl.d/99-tuning.conf'), { force: true });
    }
  });
});
