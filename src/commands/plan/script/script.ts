import { resolve } from 'node:path';
import type { Cluster } from '../../../cluster/open.ts';
import { hostNamed } from '../../../inventory/lookup.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { type Secret, redactor } from '../../../kernel/secret.ts';
import { withoutWebUsers } from '../../../kernel/web-users.ts';
import type { PlannedHook } from '../../../plan/plan.ts';
import type { Observed } from '../../../probe/observe.ts';
import { assumed } from './assumed.ts';
import { type CourseStep, courseOf } from './course.ts';
import { type Entry, HostFiles } from './files.ts';
import { FUNCTIONS_FILE, type ScriptOf, functionsFile, waitScript, workScript } from './host-script.ts';
import { type OrderOf, orderText } from './order.ts';
import { SSH_CONFIG, sshConfig } from './ssh-config.ts';

export interface ScriptsOf {
  readonly cluster: Cluster;
  readonly seen: ReadonlyMap<string, Observed>;
  /** Whose texts stand in no script; looked at after keys were made. */
  readonly secrets: Iterable<Secret>;
  readonly limit?: readonly string[] | undefined;
  readonly hooks: readonly PlannedHook[];
  /** As it is typed to name the inventory. */
  readonly inventory: string;
}

/**
 * The same plan as files: a script for each host and step of the course, what these read, and the order of them all. Keys
 * and certificates are there already, as `prepare` makes them. The same hosts and state give the same files but for the
 * keys of components, which nothing else is made of.
 */
export async function scriptFolder(of: ScriptsOf): Promise<ReadonlyMap<string, Entry>> {
  const { cluster, seen, limit } = of;
  const { inventory, stateFolder, kubeconfigFile } = cluster;
  const known = assumed(inventory, seen);
  const course = courseOf({
    stages: cluster.desire(known),
    seen: known,
    real: seen,
    touches: (host) => limit?.includes(host) ?? true,
  });
  const redact = redactor(of.secrets);
  // A proxy or a mirror that is logged in to is no secret elsewhere: its address is read by who may run this.
  const mask = (text: string): string => withoutWebUsers(redact(text));
  const files = new Map<string, HostFiles>();
  const filesOf = (host: string): HostFiles => {
    const kept = files.get(host) ?? new HostFiles(mask);
    files.set(host, kept);
    return kept;
  };
  const scripts: OrderOf['scripts'][number][] = [];
  for (const [index, step] of course.steps.entries()) {
    const name = scriptName(step, index);
    const title = step.phases.map((phase) => phase.title).join(', ');
    const script = (host: string, file: string): ScriptOf => ({
      host,
      ip: hostNamed(inventory, host).ip,
      name: file,
      title,
    });
    // Keys are made meanwhile, and take the time.
    await Promise.all(
      step.work.map(async (work) => {
        const observed = known.get(work.host);
        if (!observed) throw new BootstrapError('E_BUG', `${work.host} was not seen`);
        const own = filesOf(work.host);
        const text = await workScript(script(work.host, `${name}.sh`), work, observed, own);
        own.entries.set(`${name}.sh`, { text, mode: 0o755 });
      }),
    );
    for (const wait of step.waits) {
      const text = waitScript(script(wait.at, `${name}-wait.sh`), wait);
      filesOf(wait.at).entries.set(`${name}-wait.sh`, { text, mode: 0o755 });
    }
    scripts.push({
      work: step.work.map(({ host }) => ({ host, name: `${name}.sh` })),
      waits: step.waits.map(({ at }) => ({ host: at, name: `${name}-wait.sh` })),
    });
  }
  const hosts = inventory.hosts.filter(({ name }) => files.has(name));
  const all = new Map<string, Entry>();
  for (const { name } of hosts) {
    all.set(`${name}/${FUNCTIONS_FILE}`, { text: functionsFile(), mode: 0o644 });
    for (const [path, entry] of files.get(name)?.entries ?? []) all.set(`${name}/${path}`, entry);
  }
  const names = hosts.map(({ name }) => name);
  all.set(SSH_CONFIG, { text: sshConfig(inventory, names), mode: 0o644 });
  all.set('.gitignore', { text: 'secrets/\n', mode: 0o644 });
  const order = orderText({
    cluster: inventory.name,
    inventory: of.inventory,
    stateFolder,
    kubeconfig: resolve(kubeconfigFile),
    course: {
      steps: course.steps,
      rest: course.rest && { ...course.rest, waitsFor: mask(course.rest.waitsFor) },
    },
    scripts,
    hosts: hosts.map(({ name, ssh }) => ({ name, sudo: ssh.sudo.enabled })),
    files: all,
    hooks: of.hooks.map((hook) => ({ ...hook, run: mask(hook.run) })),
  });
  all.set('ORDER.md', { text: order, mode: 0o644 });
  return all;
}

/** `04-apiserver`; of several phases the first and the last. */
function scriptName({ phases }: CourseStep, index: number): string {
  const number = String(index + 1).padStart(2, '0');
  const [first, last] = [phases[0]?.id ?? '', phases.at(-1)?.id ?? ''];
  return `${number}-${first === last ? first : `${first}-to-${last}`}`;
}

/** @throws E_SCRIPT_SEALED before the keys are opened */
export function refuseSealed({ pki, stateFolder }: Pick<Cluster, 'pki' | 'stateFolder'>): void {
  if (!pki.isSealed()) return;
  throw new BootstrapError(
    'E_SCRIPT_SEALED',
    `the keys in ${stateFolder} are sealed, and a script needs them open`,
    {
      hint: 'They would lie on this machine as plain files. Let "up" bring them to the hosts, or open them first: up --no-encrypt-keys.',
    },
  );
}
