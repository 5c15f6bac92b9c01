import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../../src/cluster/open.ts';
import {
  awaitBundles,
  controllerRestarts,
  earlierPods,
  refreshReaders,
  renewTokens,
} from '../../../../../src/commands/certs/rotate/service-accounts.ts';
import type { Rotating } from '../../../../../src/commands/certs/rotate/visit-rotation.ts';
import { paths } from '../../../../../src/kernel/host-paths.ts';
import { connectAll, makeFleet } from '../../../../../src/run/fleet.ts';
import type { ProcedureStep } from '../../../../../src/run/procedure.ts';
import { rootedHost } from '../../../../support/rooted-host.ts';
import { shells } from '../../../../support/shells.ts';
import { worldOf } from '../../../phases/world.ts';

const READY = new Date('2026-11-30T02:00:00.700Z');
const pod = (name: string, started: string): string =>
  [...name.split('/'), started, '', '/var/run/secrets/kubernetes.io/serviceaccount'].join('\t');
const OLD = '2026-11-30T01:00:00Z';
const NEW = '2026-11-30T02:00:00Z';
const b64 = (text: string): string => Buffer.from(text).toString('base64');
const token = (kid: string): string =>
  b64(`${Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url')}.e30.c2ln`);

/** Answers from files, and does what is asked for to them; a controller-manager signs what has no token. */
const KUBECTL = `#!/bin/sh
shift
echo "$1 $2 $3 $4 $5" >> kube/asked
case "$1 $2" in
  'get pods') cat kube/pods ;;
  'get deployments,daemonsets') printf 'Deployment\\tkube-system\\tcoredns\\n' ;;
  'get secrets') case "$*" in
    *ca*crt*) awk -F'\\t' -v OFS='\\t' '{ print $1 "/" $2, $4, $3 }' kube/secrets ;;
    *) awk -F'\\t' -v OFS='\\t' '{ print $1 "/" $2, $3 }' kube/secrets ;;
  esac ;;
  'get secret') echo there ;;
  'rollout restart') sed 's/coredns-1\\(.*\\)${OLD}/coredns-2\\1${NEW}/' kube/pods > kube/new; cat kube/new > kube/pods ;;
  'rollout status') ;;
  'patch secret') awk -F'\\t' -v OFS='\\t' -v name="$5" -v signed="$(cat kube/signed)" '$2 == name { $3 = signed } { print }' kube/secrets > kube/new
    cat kube/new > kube/secrets ;;
  *) exit 9 ;;
esac
`;

async function rotating(files: { pods?: string[]; secrets?: string[][] }) {
  const [shell] = shells;
  const host = rootedHost(shell!);
  const kube = join(host.root, 'kube');
  mkdirSync(kube);
  const write = (name: string, text: string): void => {
    writeFileSync(join(kube, name), text);
  };
  write('pods', (files.pods ?? []).map((line) => `${line}\n`).join(''));
  write('secrets', (files.secrets ?? []).map((fields) => `${fields.join('\t')}\n`).join(''));
  write('signed', token('new'));
  host.write('/usr/local/bin/kubectl', KUBECTL, 0o755);
  host.write(`${paths.pki}/ca.crt`, 'both\n');
  const fleet = makeFleet(['m1'], {
    addressOf: () => '192.0.2.11',
    emit: () => undefined,
    connect: () => Promise.resolve(host.session()),
    concurrency: 1,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
  await connectAll(fleet);
  const world = worldOf({ inventory: { hosts: [{ name: 'm1', address: '192.0.2.11' }] } });
  const given: Rotating = {
    cluster: { world: () => world } as unknown as Cluster,
    fleet,
    goal: {
      desire: () => [],
      watches: () => [],
      essential: () => true,
      admit: () => Promise.resolve(),
      prepare: () => Promise.resolve(),
      complete: false,
      prune: false,
      owner: 'me@here (pid 1)',
    },
    hosts: ['m1'],
    stop: new AbortController().signal,
  };
  const asked = (): string[] => readFileSync(join(kube, 'asked'), 'utf8').trim().split('\n');
  return { given, asked, secrets: () => readFileSync(join(kube, 'secrets'), 'utf8') };
}

const restarts = (asked: readonly string[]): string[] => asked.filter((line) => line.startsWith('rollout'));
const how = { ready: READY, leave: false, read: 'which authorities to trust' };

describe('pods that read their service account before', () => {
  it('are made anew where they are ours, once', async () => {
    const { given, asked } = await rotating({
      pods: [pod('kube-system/coredns-1-a', OLD), pod('shop/web', NEW)],
    });
    await refreshReaders(given, how);
    const done = [
      'rollout restart -n kube-system Deployment/coredns',
      'rollout status -n kube-system Deployment/coredns',
    ];
    expect(restarts(asked())).toEqual(done);
    await refreshReaders(given, how);
    expect(restarts(asked())).toEqual(done);
  });

  it('stop it where they are not, unless they are to be left', async () => {
    const { given } = await rotating({ pods: [pod('shop/web', OLD)] });
    await expect(refreshReaders(given, how)).rejects.toMatchObject({
      code: 'E_ROTATION_PODS',
      message: expect.stringContaining('shop/web') as string,
    });
    await refreshReaders(given, { ...how, leave: true });
  });
});

it('pods that run since before are told whatever they mount, and whether they end or not', async () => {
  const ending = pod('shop/ends', OLD).split('\t').with(3, NEW).join('\t');
  const bare = pod('shop/bare', OLD).split('\t').with(4, '').join('\t');
  const { given } = await rotating({ pods: [ending, bare, pod('shop/web', NEW)] });
  const names = (await earlierPods(given, READY)).map(({ name }) => name);
  expect(names).toEqual(['ends', 'bare']);
});

describe('tokens of service accounts', () => {
  it('are waited for until they come with what hosts trust', async () => {
    const { given, asked } = await rotating({ secrets: [['default', 'a', token('old'), b64('both\n')]] });
    await awaitBundles(given);
    expect(asked()).toHaveLength(1);
  });

  it('are read anew by controllers, on one master after the other', () => {
    const { inventory } = worldOf({
      inventory: {
        hosts: ['m1', 'm2', 'm3', 'w1'].map((name, index) => ({
          name,
          address: `192.0.2.${index + 1}`,
          roles: name === 'w1' ? ['worker'] : ['master', 'etcd'],
        })),
      },
    });
    const steps = controllerRestarts(inventory);
    expect(steps.map(({ hosts }) => hosts)).toEqual([['m1'], ['m2'], ['m3']]);
    expect(steps.map(({ gates }) => gates?.('').map(({ at, title }) => `${at} ${title}`))).toEqual(
      ['m1', 'm2', 'm3'].map((name) => [`${name} kube-controller-manager is healthy`]),
    );
  });

  it('are signed anew where another key has signed them', async () => {
    const secrets = [
      ['default', 'a', token('old'), ''],
      ['kube-system', 'b', token('new'), ''],
      ['shop', 'c', token('old'), ''],
    ];
    const { given, asked, secrets: now } = await rotating({ secrets });
    const told: string[] = [];
    const then: ProcedureStep = {
      id: 'then',
      title: 'then',
      hosts: ['m1'],
      does: { kind: 'act', act: () => Promise.resolve(void told.push(now())) },
    };
    await renewTokens(given, 'new', [then]);
    // What follows finds none of the former.
    expect(told).toEqual([now()]);
    expect(asked().filter((line) => line.startsWith('patch'))).toEqual([
      'patch secret -n default a',
      'patch secret -n shop c',
    ]);
    expect(now()).not.toContain(token('old'));
  });
});
