import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { RunOptions } from '../../../cluster/visit.ts';
import type { Inventory, NfsProvisioner } from '../../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import { quote, sh } from '../../../kernel/quote.ts';
import { INTO, inFolder } from '../../../resources/steps/into.ts';
import { type Fleet, type Member, alive, letGo, runOn } from '../../../run/fleet.ts';
import type { StepResult } from '../causes.ts';
import { type ClaimSpec, claimObjects, podObjects } from './claim-objects.ts';
import { type ClaimReport, judgeClaim } from './claim-report.ts';
import { LIMITS, claimScript, goneScript, lookScript } from './claim-script.ts';
import { readFrames } from '../frames.ts';
import type { Visit } from '../../../cluster/visit-fleet.ts';
import { nfsOf } from '../targets.ts';

export interface ClaimOptions extends RunOptions {
  /** Names of the nodes that get a pod; none stands for all that are Ready. */
  readonly nodes: readonly string[];
  /** With a shell; by default a busybox that all nodes have. */
  readonly image: string | undefined;
}

/**
 * Claims a volume of the storage class, writes and reads it from a pod on every node, and takes all of it away again.
 * @throws E_NO_PROVISIONER when the inventory has none; E_API when no API server answers
 * @returns 1 when something failed
 */
export async function checkClaim(options: ClaimOptions, visit: Visit): Promise<number> {
  const { emit, stop } = options;
  const provisioner = provisionerOf(visit.cluster.inventory);
  const { master, nodes: all, others } = await look(visit, provisioner);
  const nodes = all.filter(({ name }) => options.nodes.length === 0 || options.nodes.includes(name));
  for (const name of others) {
    const message = `${name} is left of another check, or one is running: kubectl delete ${name} takes it away`;
    emit({ type: 'note', level: 'warn', message });
  }
  const ready = nodes.filter((node) => node.ready);
  const spec: ClaimSpec = {
    namespace: `nfs-check-${randomBytes(4).toString('hex')}`,
    provisioner,
    image: options.image ?? commonImage(ready.map(({ images }) => images)),
    nodes: ready.map(({ name }) => name),
    word: randomBytes(8).toString('hex'),
  };
  const unready = nodes.filter((node) => !node.ready).map(({ name }) => name);
  emit({
    type: 'note',
    level: 'info',
    message: `claiming a volume of ${provisioner.storageClass.name} in namespace ${spec.namespace}, for pods of ${spec.image}`,
  });
  const steps = await makeAndUse(visit.fleet, master, spec, stop);
  if (!steps) {
    emit({ type: 'note', level: 'info', message: `namespace ${spec.namespace} and its volume are gone` });
    return ExitCode.interrupted;
  }
  const report = judgeClaim(steps, spec, unready);
  const left = await removeFolders(visit, report);
  const well = report.problems.length === 0;
  emit({ type: 'result', answer: 'nfs-claim', data: { check: 'claim', well, ...report, left } });
  return well ? ExitCode.ok : ExitCode.failed;
}

function provisionerOf(inventory: Inventory): NfsProvisioner {
  const { provisioner } = nfsOf(inventory);
  if (provisioner) return provisioner;
  throw new BootstrapError('E_NO_PROVISIONER', `the inventory of ${inventory.name} has no nfs.provisioner`, {
    hint: 'Write "provisioner: {}" below nfs:, and run "k8s-bootstrap nfs setup".',
    where: { file: inventory.file },
    exitCode: ExitCode.usage,
  });
}

export interface Sight {
  readonly master: Member;
  readonly nodes: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly images: readonly string[];
  }[];
  /** Namespaces of other checks: `namespace/nfs-check-…`. */
  readonly others: readonly string[];
}

/** The first master whose API answers, and what it says. */
export async function look({ cluster, fleet }: Visit, { storageClass }: NfsProvisioner): Promise<Sight> {
  const masters = cluster.inventory.hosts.filter(({ roles }) => roles.includes('master'));
  for (const member of alive(fleet).filter(({ name }) => masters.some((host) => host.name === name))) {
    const nonce = randomBytes(16).toString('hex');
    const { stdout } = await runOn(fleet, member, {
      script: lookScript(nonce, storageClass.name),
      timeoutMs: 70_000,
    });
    const steps = readFrames(nonce, stdout);
    if (steps.get('healthz')?.said.trim() !== 'ok') continue;
    const missing = steps.get('class');
    if (missing?.code !== 0 && missing?.said.includes('NotFound')) throw noClass(storageClass.name);
    return {
      master: member,
      nodes: lines(steps.get('nodes')).map((line) => {
        const [name = '', ready, images = ''] = line.split('\t');
        return { name, ready: ready === 'True', images: images.split(' ').filter(Boolean) };
      }),
      others: lines(steps.get('others')),
    };
  }
  throw new BootstrapError('E_API', 'no API server answers on the masters', {
    hint: '"k8s-bootstrap status" shows how they are.',
  });
}

const noClass = (name: string): BootstrapError =>
  new BootstrapError('E_NO_STORAGE_CLASS', `the cluster has no storage class ${name}`, {
    hint: '"k8s-bootstrap nfs setup" makes it, and the provisioner.',
  });

const lines = (result: StepResult | undefined): string[] =>
  result?.code === 0 ? result.said.trim().split('\n').filter(Boolean) : [];

/** A busybox that every node has already; else the one that the course uses. */
export function commonImage(images: readonly (readonly string[])[]): string {
  const [first = [], ...rest] = images;
  const fits = first.filter(
    (image) => /(^|\/)busybox:[^@]+$/.test(image) && rest.every((others) => others.includes(image)),
  );
  return fits.toSorted()[0] ?? 'busybox:1.31';
}

/** `undefined` when it was broken off; everything is gone then, too. */
export async function makeAndUse(
  fleet: Fleet,
  master: Member,
  spec: ClaimSpec,
  stop: AbortSignal,
): Promise<Map<string, StepResult> | undefined> {
  const nonce = randomBytes(16).toString('hex');
  const objects = [claimObjects(spec), podObjects(spec)].map((one) => Buffer.from(JSON.stringify(one)));
  const [claim = Buffer.alloc(0), pods = Buffer.alloc(0)] = objects;
  const { namespace, provisioner } = spec;
  try {
    const { stdout } = await runOn(fleet, master, {
      script: claimScript({ nonce, namespace, provisioner, sizes: [claim.length, pods.length] }),
      payload: feed(claim, pods),
      timeoutMs: (LIMITS.bound + LIMITS.pods + 420) * 1000,
      signal: AbortSignal.any([stop, fleet.kill]),
    });
    return readFrames(nonce, stdout);
  } catch (error) {
    if (!stop.aborted || fleet.kill.aborted) throw error;
    // A command that was broken off may take its connection with it.
    await letGo(master);
    await runOn(fleet, master, { script: goneScript(namespace), timeoutMs: 120_000 }).catch(
      (cause: unknown) => {
        throw stillThere(namespace, cause);
      },
    );
    return undefined;
  }
}

const stillThere = (namespace: string, cause: unknown): BootstrapError =>
  new BootstrapError('E_ABORTED', `interrupted; namespace ${namespace} and its volume may still be there`, {
    cause,
    exitCode: ExitCode.interrupted,
    hint: `kubectl delete namespace ${namespace} takes them away.`,
  });

async function* feed(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield* parts;
}

/**
 * A provisioner that archives leaves a folder for each check, empty by now, and so does a volume that is retained. Only
 * empty folders go.
 * @returns what is left of them: `192.0.2.9:/nfsdata/archived-…`
 */
async function removeFolders({ cluster, fleet }: Visit, { folder }: ClaimReport): Promise<string[]> {
  const [, server = '', path = ''] = /^(.*?):(\/.*)$/.exec(folder ?? '') ?? [];
  if (path === '') return [];
  const both = [path, posix.join(posix.dirname(path), `archived-${posix.basename(path)}`)];
  const host = cluster.inventory.hosts.find(({ ip, roles }) => ip === server && roles.includes('nfs'));
  const member = host && alive(fleet).find(({ name }) => name === host.name);
  if (!member) return [`${server}:${path} (or archived-…)`];
  const script = removeEmpty(both);
  const { stdout } = await runOn(fleet, member, { script, timeoutMs: 20_000 });
  return stdout
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((one) => `${server}:${one}`);
}

/** Their names come from the API: only what is empty and in the folder that it seems to be in goes. Says what stays. */
export const removeEmpty = (folders: readonly string[]): string =>
  [
    INTO,
    ...folders.map((one) =>
      [
        inFolder(posix.dirname(one), [sh`rmdir -- ${`./${posix.basename(one)}`}`]).concat(' >/dev/null 2>&1'),
        `[ ! -e ${quote(one)} ] || printf '%s\\n' ${quote(one)}`,
      ].join('\n'),
    ),
  ].join('\n');
