import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Output, command, settings } from './lab.ts';
import { kubeconfigFile } from './product.ts';

const ownClient = join(settings.cache, 'mirror/release/v1.16.3/bin/linux/amd64/kubectl');

/** Runs kubectl as the administrator; throws when it fails. */
export async function kubectl(args: readonly string[], stdin = '', client = ownClient): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(args, stdin, client);
  if (code === 0) return stdout;
  throw new Error(`kubectl ${args.join(' ')}: code ${code}\n${stdout}\n${stderr}`);
}

export const tryKubectl = (args: readonly string[], stdin = '', client = ownClient): Promise<Output> =>
  command(client, ['--kubeconfig', kubeconfigFile, ...args], {
    stdin,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });

/** The same as the administrator of another cluster. */
export const kubectlWith =
  (kubeconfig: string) =>
  async (args: readonly string[], stdin = ''): Promise<string> => {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
    const { code, stdout, stderr } = await command(ownClient, ['--kubeconfig', kubeconfig, ...args], {
      stdin,
      env,
    });
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(' ')}: code ${code}\n${stdout}\n${stderr}`);
  };

export const kubectlJson = async <T>(...args: readonly string[]): Promise<T> =>
  JSON.parse(await kubectl([...args, '-o', 'json'])) as T;

/** Clients that users come with: that of the release, and Debian's 1.20 where the machine's apt has it. */
export async function clients(): Promise<Map<string, string>> {
  const folder = join(settings.cache, 'kubernetes-client');
  const debian = join(folder, 'usr/bin/kubectl');
  if (!existsSync(debian)) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const script =
      'apt-get -q -o APT::Sandbox::User=root download kubernetes-client && dpkg -x kubernetes-client_*.deb .';
    await command('bash', ['-c', script], { cwd: folder });
  }
  return new Map([['v1.16.3', ownClient], ...(existsSync(debian) ? ([['debian', debian]] as const) : [])]);
}

/** Tries until the action doesn't throw, for at most the given seconds; then its error. */
export async function eventually<T>(action: () => Promise<T>, seconds = 90): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(500);
    }
  }
}
