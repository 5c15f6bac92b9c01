import { expect } from 'vitest';
import { guardedRegistry } from './guarded-registry.ts';
import { onHost, settings } from './lab.ts';
import { type Scene, WELL, done } from './scene.ts';

type Environment = Readonly<Record<string, string>>;

/** What an inventory says of m1 beside the cluster is there, and goes with it; data stays where it is. */
export async function namesClocksAndFolders(here: Scene, text: string, env: Environment): Promise<void> {
  expect(await onHost('m1', 'getent ahostsv4 store.example.test | head -n 1')).toContain(settings.controller);
  expect(await onHost('m1', 'ls -d /data/kubelet/plugins')).toBe('/data/kubelet/plugins\n');
  expect(await onHost('m1', 'systemctl is-active chronyd; grep ^server /etc/chrony.conf')).toBe(
    `active\nserver ${settings.controller} iburst\n`,
  );
  here.write(text.replace('rootDir: /data/kubelet', 'rootDir: /data/elsewhere'));
  const refused = await here.run(['up'], { env: env });
  expect(refused.errors[0]).toMatchObject({
    code: 'E_PREFLIGHT',
    message: expect.stringContaining('kubelet has its data in /data/kubelet') as string,
  });
  here.write(
    text
      .replace(/hosts: \{ store[^}]*\}/, 'hosts: {}')
      .replace('hostsFromInventory: true', 'hostsFromInventory: false'),
  );
  expect(done(await here.run(['up'], { env: env }))).toEqual(WELL);
  expect(await onHost('m1', 'grep -c k8s-bootstrap /etc/hosts; true')).toBe('0\n');
  here.write(text);
  expect(done(await here.run(['up'], { env: env }))).toEqual(WELL);
}

/** A pod whose image is behind a login, with containerd. */
export async function pullsWithALogin(here: Scene, text: string, env: Environment): Promise<void> {
  const registry = await guardedRegistry('robot', 'correct-horse');
  try {
    const logins = text
      .replace(
        /insecureRegistries: \[.*\]/,
        `insecureRegistries: ['${settings.controller}:5000', '${registry.name}']`,
      )
      .replace(/'guarded\.lab:\d+': .*/, `'${registry.name}': { username: robot, password: '\${env:PULL}' }`);
    here.write(logins);
    const up = await here.run(['up'], { env: { ...env, PULL: 'correct-horse' } });
    expect(done(up)).toEqual(WELL);
    expect(up.stdout + up.stderr).not.toContain('correct-horse');
    expect(await onHost('m1', 'stat -c %a:%U /etc/containerd/config.toml')).toBe('600:root\n');
    const admin = ['--kubeconfig', '/etc/kubernetes/admin.conf'];
    const image = `${registry.name}/pause:3.1`;
    const kubectl = `kubectl ${admin.join(' ')}`;
    await onHost(
      'm1',
      `${kubectl} run guarded --generator=run-pod/v1 --restart=Never --image=${image}
${kubectl} wait --for=condition=Ready pod/guarded --timeout=90s
${kubectl} delete pod guarded --now`,
    );
    expect(registry.served.some((path) => path.startsWith('/v2/pause/manifests/'))).toBe(true);
  } finally {
    await registry.close();
    here.write(text);
  }
}
