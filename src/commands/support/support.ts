import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { packTar } from 'modern-tar';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { unjudged } from '../../cluster/unjudged.ts';
import { outcome } from '../../cluster/visit-hosts.ts';
import { hostNames } from '../../inventory/host-names.ts';
import { writeAtomic } from '../../kernel/atomic-file.ts';
import { refuseExisting } from '../../kernel/refuse-existing.ts';
import { neverIgnored } from '../../preflight/preflight.ts';
import { serviceId } from '../../resources/service.ts';
import { type Fleet, alive, onEach, runOn, sightings } from '../../run/fleet.ts';
import { stampOf } from '../../kernel/stamp.ts';
import { hostStatuses } from '../status/host-status.ts';
import { collectScript, partsOf } from './collect-script.ts';
import { redacted } from './redacted.ts';

export interface SupportOptions extends RunOptions {
  /** Names of the inventory; none stands for all. */
  readonly hosts: readonly string[];
  /** Where the archive goes; beside the state folder by default. */
  readonly out: string | undefined;
  readonly version: string;
}

/** Journals of a long time are big; the last of each part counts least. */
const OUTPUT_LIMIT = 16 * 1024 * 1024;

/**
 * One archive with what a report needs, without any secret. Hosts are only looked at.
 * @throws E_FILE_EXISTS
 */
export async function support(options: SupportOptions): Promise<number> {
  if (options.out !== undefined) refuseExisting(resolve(options.out));
  return visit(
    {
      // What is wrong is what it is for: nothing is refused, and nothing said of it here.
      ...unjudged(options),
      mends: neverIgnored,
      ending: 'answer',
    },
    async ({ cluster, fleet }, plan) => {
      const { inventory, stateFolder } = cluster;
      const names = hostNames(inventory, options.hosts);
      const seen = sightings(fleet);
      const world = cluster.world(seen);
      const stages = cluster.desire(seen);
      const unitsOn = (host: string): string[] => [
        ...new Set(
          stages
            .filter(({ hosts }) => hosts.has(host))
            .flatMap((stage) => stage.resources(host))
            .flatMap(({ id }) => (id.startsWith(serviceId('')) ? [id.slice(serviceId('').length)] : [])),
        ),
      ];
      const statuses = hostStatuses({
        inventory,
        fleet,
        stages,
        plan,
        now: world.now,
        isOurs: (host) => world.facts(host).cluster !== undefined,
        tampered: new Map(),
        others: new Map(),
      });
      const files = new Map<string, string>([
        [
          'versions.json',
          json({
            program: options.version,
            node: process.version,
            kubernetes: inventory.kubernetes.version,
            hosts: inventory.hosts.map(({ name, roles }) => ({ name, roles })),
          }),
        ],
        ['plan.json', json(plan)],
        ['status.json', json(statuses)],
        ...(await collect(fleet, names, unitsOn)),
      ]);
      const now = world.now;
      const folder = `${inventory.name}-support-${stampOf(now)}`;
      const file = resolve(options.out ?? join(stateFolder, '..', `${folder}.tar.gz`));
      const mask = redacted(options.secrets);
      const archive = await packTar(
        [...files]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, text]) => {
            const body = Buffer.from(mask(text));
            return {
              header: { name: `${folder}/${name}`, size: body.length, mode: 0o600, mtime: now },
              body,
            };
          }),
      );
      await writeAtomic(file, await promisify(gzip)(archive), 0o600);
      options.emit({
        type: 'result',
        answer: 'support',
        data: { file, files: files.size, hosts: names.filter((name) => !fleet.members.get(name)?.failed) },
      });
      return outcome(fleet);
    },
  );
}

const json = (data: unknown): string => `${JSON.stringify(data, null, 2)}\n`;

async function collect(
  fleet: Fleet,
  names: readonly string[],
  unitsOn: (host: string) => readonly string[],
): Promise<[string, string][]> {
  const files: [string, string][] = [];
  const mark = `== ${randomBytes(16).toString('hex')}`;
  const members = alive(fleet).filter(({ name }) => names.includes(name));
  await onEach(fleet, members, undefined, async (member) => {
    const script = collectScript(unitsOn(member.name), mark);
    const { stdout } = await runOn(fleet, member, { script, outputLimit: OUTPUT_LIMIT, timeoutMs: 120_000 });
    for (const [name, text] of partsOf(stdout.toString('utf8'), mark))
      files.push([`${member.name}/${name}`, text]);
  });
  return files;
}
