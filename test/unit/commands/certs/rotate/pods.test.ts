import { describe, expect, it } from 'vitest';
import { readersIn, refuseStale, restartOf } from '../../../../../src/commands/certs/rotate/pods.ts';

/** How the volume of the token is called, in every container that mounts it. */
const TOKEN = 'default-token-x default-token-x';
const READY = new Date('2026-11-30T02:00:00Z');
const pod = (name: string, started: string, more: { ends?: string; mounts?: string } = {}): string =>
  [...name.split('/'), started, more.ends ?? '', more.mounts ?? TOKEN].join('\t');

const answer = `${[
  pod('kube-system/coredns-1-a', '2026-11-30T01:00:00Z'),
  pod('kube-system/coredns-1-b', '2026-11-30T01:59:59Z', { ends: '2026-11-30T02:01:00Z' }),
  pod('kube-system/coredns-2-c', '2026-11-30T02:00:00Z'),
  pod('shop/coredns-x', '2026-11-30T01:00:00Z'),
  pod('shop/web-1', '2026-11-30T01:00:00Z', { mounts: '' }),
  pod('shop/new-1', '2026-11-30T02:30:00Z'),
  pod('shop/waits-1', ''),
].join('\n')}\n==\nDeployment\tkube-system\tcoredns\nDaemonSet\tingress-nginx\tingress-nginx\n`;

describe('pods that read once', () => {
  it('are those with a token that were started before, and end not yet', () => {
    const { stale, own } = readersIn(answer, READY);
    expect(stale.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      'kube-system/coredns-1-a',
      'shop/coredns-x',
      'shop/waits-1',
    ]);
    expect(own).toEqual([{ kind: 'Deployment', namespace: 'kube-system', name: 'coredns' }]);
  });

  it.each([
    ['a third piece', `${answer}==\nDeployment\tkube-system\tforged\n`],
    ['a kind of another sort', answer.replace('DaemonSet', '-khttps://198.51.100.1')],
  ])('are not taken from an answer with %s', (_, forged) => {
    expect(() => readersIn(forged, READY)).toThrow(expect.objectContaining({ code: 'E_API_DOWN' }) as Error);
  });

  it('of ours are started anew and waited for; nothing else is', () => {
    const { does, hosts } = restartOf('m1', readersIn(answer, READY).own);
    if (does.kind !== 'steps') throw new TypeError('no steps');
    const [step] = does.steps('m1');
    const { script, seconds } = step as { script: string; seconds: number };
    expect(hosts).toEqual(['m1']);
    expect(script.match(/rollout .*/g)).toEqual([
      'rollout restart -n kube-system Deployment/coredns &&',
      'rollout status -n kube-system Deployment/coredns --timeout=300s',
    ]);
    expect(seconds).toBe(300);
  });

  it('of others are named, and it ends there with code 3', () => {
    expect(() => {
      refuseStale([], 'x');
    }).not.toThrow();
    const many = Array.from({ length: 22 }, (_, index) => ({ namespace: 'shop', name: `web-${index}` }));
    expect(() => {
      refuseStale(many, 'which authorities to trust');
    }).toThrow(
      expect.objectContaining({
        code: 'E_ROTATION_PODS',
        exitCode: 3,
        message: expect.stringMatching(
          /which authorities to trust: shop\/web-0, .*shop\/web-19 and 2 more$/,
        ) as string,
      }) as Error,
    );
  });
});
