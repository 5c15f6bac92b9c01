import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Observed } from '../../../src/probe/observe.ts';
import { everyHost, examples, imaginedHost, openExample } from '../../support/example-cluster.ts';

const withoutEndpoint = (text: string): string =>
  text.replace(/^ {2}endpoint: .*\n/m, '').replace('controllerKubectl: true', 'controllerKubectl: false');

const answering = (status: number): Observed =>
  imaginedHost('centos', { more: { object: () => ({ status, text: '' }) as never } });

describe('the administrator’s kubeconfig on the controller', () => {
  it('names the first master that answered the run, and is written when that is another one', async () => {
    const told: unknown[] = [];
    const example = { ...examples[0]!, edit: withoutEndpoint };
    const { cluster, close } = await openExample(example, { emit: (event) => told.push(event) });
    const server = (): string | undefined =>
      /server: (\S+)/.exec(readFileSync(cluster.kubeconfigFile, 'utf8'))?.[1];
    const silent = (...names: string[]): ReturnType<typeof everyHost> =>
      everyHost(cluster, (name) => answering(names.includes(name) ? 0 : 200));
    try {
      await cluster.prepare();
      expect(server()).toBe('https://192.168.139.11:6443');
      await cluster.pointKubeconfig(silent());
      expect(told).toEqual([]);
      await cluster.pointKubeconfig(silent('master1'));
      expect(server()).toBe('https://192.168.139.12:6443');
      expect(told).toMatchObject([
        { type: 'note', message: expect.stringContaining('names https://192.168.139.12:6443') as string },
      ]);
      await cluster.pointKubeconfig(silent('master1', 'master2', 'master3'));
      expect(server()).toBe('https://192.168.139.11:6443');
    } finally {
      await close();
    }
  });
});
