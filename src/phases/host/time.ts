import type { Phase, World } from '../phase.ts';
import { factsWatches } from '../../facts/facts.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import { packagedService } from '../../resources/packaged-service.ts';
import type { Resource } from '../../resources/resource.ts';
import { systemOf } from '../../release/systems.ts';
import { hostPackages } from './packages.ts';

/** Where the package of each family looks, and what its unit is called. */
const PLACES = {
  centos: { folder: '/etc', config: '/etc/chrony.conf', unit: 'chronyd.service' },
  debian: { folder: '/etc/chrony', config: '/etc/chrony/chrony.conf', unit: 'chrony.service' },
} as const;

/** Clocks by the servers of the inventory. chrony's package takes the place of another that sets the clock. */
export const timePhase: Phase = {
  id: 'time',
  title: 'Time servers',
  batch: 'parallel',
  hosts: ({ inventory }) => (inventory.os.timeServers.length > 0 ? inventory.hosts : []),
  watch: factsWatches,
  resources(world, host): Resource[] {
    const { folder, config, unit } = PLACES[systemOf(world.facts(host.name)).family];
    return [
      hostPackages(world, host, ['chrony']),
      ...(folder === '/etc' ? [] : [directory({ path: folder })]),
      file({ path: config, content: chronyConfig(world) }),
      packagedService({ unit, restartOn: [fileId(config)] }),
    ];
  },
};

/**
 * The whole file: what others wrote there is kept among the originals, for a server of theirs would be asked as well.
 * Three steps of the clock after a start, slowly afterwards: etcd and leases count on a clock that does not jump.
 * https://chrony-project.org/doc/3.4/chrony.conf.html
 */
export const chronyConfig = ({ inventory }: Pick<World, 'inventory'>): string =>
  `${[
    '# Written by k8s-bootstrap: os.timeServers of the inventory.',
    ...inventory.os.timeServers.map((server) => `server ${server} iburst`),
    'driftfile /var/lib/chrony/drift',
    'makestep 1.0 3',
    'rtcsync',
  ].join('\n')}\n`;
