import { type AddonData, addonCatalog, addonData, isInCluster } from '../../addons/catalog.ts';
import { addonKinds, addonObjects } from '../../addons/objects.ts';
import { Secret } from '../../kernel/secret.ts';
import type { Addon, Host } from '../../inventory/types.ts';
import type { Gate } from '../../plan/stage.ts';
import { kubectl, listPath } from '../../resources/cluster/kube-api.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { objectSet } from '../../resources/cluster/object-set.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Phase, World } from '../phase.ts';
import { namespaces } from '../shared/namespaces.ts';
import { labelledLists, ofPart, partOf } from '../shared/parts.ts';
import { type Reserved, tellsOthers } from '../shared/figures.ts';
import { apiHost, isApiHost, nodes, withRole } from '../shared/topology.ts';
import { healthCondition, healthPaths, placesTaken, whyNotWell } from './health.ts';
import { programs } from './programs.ts';

/**
 * What belongs to the cluster and is no component of it, all of it by data: `addons/`. Objects, behind names, which their
 * pods ask for; and programs that every master gets. What is taken out of the inventory goes by `--prune` alone: a program
 * as any file that nothing wants any more. A namespace stays, for others may have put something there.
 */
export const addonsPhase: Phase = {
  id: 'addons',
  title: 'Add-ons',
  batch: 'parallel',
  hosts(world) {
    const [objects] = concerned(world).length > 0 ? apiHost(world) : [];
    const everywhere = chosen(world).some(({ binaries }) => binaries.length > 0);
    return withRole(world, 'master').filter(({ name }) => everywhere || name === objects?.name);
  },
  watch: (world, host) =>
    isApiHost(world, host)
      ? chosen(world)
          .flatMap(placesTaken)
          .map((key) => ({ kind: 'object', key }))
      : [],
  resources: (world, host) => [
    ...chosen(world).flatMap((addon) => programs(world, host, addon)),
    ...(isApiHost(world, host) ? inCluster(world) : []),
  ],
  gates: (world, host) =>
    isApiHost(world, host)
      ? chosen(world)
          .filter(isInCluster)
          .map((addon) => isWell(addon, host.name))
      : [],
};

/** What the inventory names. */
const chosen = ({ inventory }: World): readonly AddonData[] =>
  inventory.addons.map(({ name }) => addonData(name));

function inCluster(world: World): Resource[] {
  const all = concerned(world);
  const names = all.map(({ name }) => name);
  // One list for each kind, whatever the number of add-ons: they share it.
  const lists = labelledLists(names, [...new Set(names.flatMap(addonKinds).map(listPath))]);
  const on = new Map(world.inventory.addons.map((addon) => [addon.name, addon]));
  return [
    ...namespaces(all.filter(({ name }) => on.has(name)).map(({ namespace }) => namespace)),
    ...all.map((data) => {
      const addon = on.get(data.name);
      return objectSet({
        id: `addon:${data.name}`,
        title: data.title,
        lists,
        wanted: addon ? addonManifests(world, addon) : [],
        goes: (object) => world.prune && isOf(data, object),
        kubectl,
        showsText: true,
      });
    }),
  ];
}

/** Those of the inventory that are in the cluster; with `--prune` all there are, for one may have been taken out. */
const concerned = ({ inventory, prune }: World): readonly AddonData[] =>
  addonCatalog().filter(
    (data) => isInCluster(data) && (prune || inventory.addons.some(({ name }) => name === data.name)),
  );

/**
 * A label can be written by whoever may write objects in a namespace of their own: there it says nothing. A kind stays,
 * for others may have made objects of it. Endpoints go with their Service, by whose labels a controller makes most.
 */
const isOf = ({ name, namespace }: AddonData, object: KubeObject): boolean =>
  partOf(object) === name &&
  !['CustomResourceDefinition', 'Endpoints'].includes(object.kind) &&
  [undefined, namespace, 'kube-system'].includes(object.metadata.namespace);

/** The objects of an add-on as the cluster should have them. */
export function addonManifests(world: World, { name, images, values }: Addon): KubeObject[] {
  const { network, profile } = world.inventory;
  const telling = (component: Reserved): readonly { readonly ip: string }[] =>
    addresses(world.inventory.hosts.filter((host) => tellsOthers(world, host, component)));
  const filled = {
    ...values,
    ...Object.fromEntries(Object.entries(images).map(([short, image]) => [`image:${short}`, image])),
    clusterDomain: network.clusterDomain,
    kubeletAddresses: addresses(nodes(world)),
    controllerManagerAddresses: telling('kube-controller-manager'),
    schedulerAddresses: telling('kube-scheduler'),
    etcdMetricsAddresses: telling('etcd'),
    // AlwaysPullImages writes it into every pod.
    pullPolicy: profile === 'cis' ? 'Always' : 'IfNotPresent',
  };
  return addonObjects(name, revealed(filled)).map((object) => withPartOnPods(name, ofPart(name, object)));
}

/** As Endpoints have them: the API server sorts them as text. */
const addresses = (hosts: readonly Host[]): readonly { readonly ip: string }[] =>
  hosts
    .map(({ ip }) => ip)
    .sort()
    .map((ip) => ({ ip }));

/** A secret stands in the text of a Secret, and nowhere else. */
const revealed = (values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  );

/** Pods are found by the part that they belong to. */
function withPartOnPods(name: string, object: KubeObject): KubeObject {
  const spec = object['spec'] as { readonly template?: Pick<KubeObject, 'metadata'> } | undefined;
  return spec?.template ? { ...object, spec: { ...spec, template: ofPart(name, spec.template) } } : object;
}

const isWell = (addon: AddonData, at: string): Gate => ({
  title: `${addon.title} does its work`,
  at,
  watches: healthPaths(addon).map((key) => ({ kind: 'object', key }) as const),
  judge: (seen) => whyNotWell(addon, seen),
  condition: healthCondition(addon),
  timeoutSeconds: 180,
  units: [],
});
