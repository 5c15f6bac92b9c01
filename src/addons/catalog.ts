import { readData } from '../kernel/data.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { once } from '../kernel/once-per.ts';

const FOLDER = 'addons';

/** What an add-on cannot do without in the cluster; each is a check of `src/inventory/rules/addon-rules.ts`. */
export type Need = 'tokens' | 'aggregation' | 'host-network';

export type ValueType = 'boolean' | 'count' | 'duration' | 'labels' | 'object-name' | 'port' | 'secret';

/** A setting that the inventory may have for an add-on; `{names}` of its objects stand for these. */
export interface AddonValue {
  readonly type: ValueType;
  /** Without one, the inventory has to name it. */
  readonly default?: unknown;
  /** Of a secret: what everybody would try, and `validate` warns of. */
  readonly wellKnown?: readonly string[];
  /** For a person who writes an inventory. */
  readonly says: string;
}

/** What is known of an add-on: `addons/NAME/addon.yaml`. */
export interface AddonData {
  readonly name: string;
  readonly title: string;
  readonly why: string;
  readonly link: string;
  readonly version: string;
  /** Where its pods are, if it has any. */
  readonly namespace: string;
  /** Programs that every master gets: archives of `release/artifacts.yaml`, of the version of the add-on. */
  readonly binaries: readonly string[];
  /** By the name that its objects and the inventory use. */
  readonly images: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, AddonValue>>;
  readonly needs: readonly Need[];
  /** Add-ons that must be there too, and come first. */
  readonly requires: readonly string[];
  /** API paths of what must be well; none where nothing of it is in the cluster. */
  readonly healthy: readonly string[];
  /**
   * What an operator makes of an object, by its API path, and the path of that object: both carry the same annotation
   * `k8s-bootstrap/settings` on their pods once the operator has taken what it says.
   */
  readonly follows: Readonly<Record<string, string>>;
  /** Where its pods answer on their nodes, for everybody: `443/tcp`; the firewall of every node lets it in. */
  readonly ports: readonly string[];
  /** What it lets in or out, in sentences. */
  readonly opens: readonly string[];
  /** What of it was seen to work, and where, in sentences. */
  readonly tried: string;
  /** What is told of it whenever an inventory has it. */
  readonly cautions: readonly string[];
}

/** All add-ons, in the order in which they are made: each behind those that it requires. */
export const addonCatalog = once((): readonly AddonData[] =>
  (readData(`${FOLDER}/catalog.yaml`) as string[]).map((name) => {
    const none: readonly never[] = [];
    const absent = {
      ...{ namespace: 'kube-system', images: {}, values: {}, healthy: none, follows: {} },
      ...{ binaries: none, needs: none, requires: none, ports: none, opens: none, cautions: none },
    };
    const written = readData(`${FOLDER}/${name}/addon.yaml`) as Omit<AddonData, 'name' | keyof typeof absent>;
    return { ...absent, ...written, name };
  }),
);

/** @throws E_BUG for a name that the schema of the inventory does not know */
export function addonData(name: string): AddonData {
  const found = addonCatalog().find((one) => one.name === name);
  if (!found) throw new BootstrapError('E_BUG', `there is no add-on ${name}`);
  return found;
}

/** Whether it has anything there: an add-on may be a program on masters and nothing else. */
export const isInCluster = ({ healthy }: AddonData): boolean => healthy.length > 0;

/** Names of all add-ons: CoreDNS, which `dns:` is about, and those of the catalog. */
export const addonNames = (): string[] => ['coredns', ...addonCatalog().map(({ name }) => name)];
