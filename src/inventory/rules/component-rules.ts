import { isMapping } from '../../kernel/mapping.ts';
import { COMPONENTS, CONFIGURED, type ComponentName } from '../../kernel/components.ts';
import type { FieldKind, FieldTree } from '../known.ts';
import type { Path } from '../problem.ts';
import type { Report, Rule } from './rule.ts';
import { SECTIONS } from '../sections.ts';
import { didYouMean } from '../suggest.ts';
import type { ExtraArgs, Inventory } from '../types.ts';

export const versionsAreKnown: Rule = ({ kubernetes }, report, { versions }) => {
  const { version, kubectl } = kubernetes;
  if (!versions.includes(version)) {
    report.error(
      ['kubernetes', 'version'],
      `Kubernetes ${version} is not known${didYouMean(version, versions)}`,
      {
        hint: `Known are ${versions.join(', ')}.`,
      },
    );
  }
  // https://kubernetes.io/docs/setup/release/version-skew-policy/#kubectl
  if (Math.abs(minorOf(kubectl) - minorOf(version)) > 1) {
    const message = `kubectl ${kubectl} is more than one minor version away from Kubernetes ${version}`;
    report.error(['kubernetes', 'kubectl'], message);
  }
};

const minorOf = (version: string): number => {
  const [major, minor] = version.slice(1).split('.').map(Number);
  return (major ?? 0) * 1000 + (minor ?? 0);
};

/** Flags of one component, wherever in the inventory they are given. */
interface GivenFlags {
  readonly component: ComponentName;
  readonly path: Path;
  readonly args: ExtraArgs;
}

function givenFlags(inventory: Inventory): GivenFlags[] {
  const everywhere = COMPONENTS.map((component): GivenFlags => {
    const section = SECTIONS[component];
    return { component, path: [section, 'extraArgs'], args: inventory[section].extraArgs };
  });
  const perHost = inventory.hosts.flatMap((host, index) =>
    (Object.entries(host.extraArgs) as [ComponentName, ExtraArgs][]).map(([component, args]) => ({
      component,
      path: ['hosts', index, 'extraArgs', component],
      args,
    })),
  );
  return [...everywhere, ...perHost];
}

export function eachFlag(
  inventory: Inventory,
  check: (component: ComponentName, flag: string, value: string | null, path: Path) => void,
): void {
  for (const { component, path, args } of givenFlags(inventory)) {
    for (const [flag, value] of Object.entries(args)) check(component, flag, value, [...path, flag]);
  }
}

export const flagsAreKnown: Rule = (inventory, report, { release }) => {
  eachFlag(inventory, (component, flag, _value, path) => {
    const { known, deprecated } = release.flag(component, flag);
    if (!known) {
      const message = `${component} has no flag --${flag}${didYouMean(flag, release.flagNames(component))}`;
      report.error(path, message, { atKey: true });
    } else if (deprecated) {
      report.warning(path, `--${flag} is deprecated: a later version may not know it`, { atKey: true });
    }
  });
};

/** kube-proxy reads a configuration file, and then these are the only flags it still heeds (1.16). */
const KUBE_PROXY_HEEDS =
  /^(?:hostname-override|master|cleanup|cleanup-ipvs|v|vmodule|logtostderr|alsologtostderr|stderrthreshold|log-.+|skip-.+|add-dir-header)$/;

export const flagsHaveAnEffect: Rule = (inventory, report) => {
  eachFlag(inventory, (component, flag, _value, path) => {
    if (component !== 'kube-proxy' || KUBE_PROXY_HEEDS.test(flag)) return;
    const hint = 'Set the field of the same meaning under kubeProxy: config:.';
    report.error(path, `kube-proxy ignores --${flag}, as it is started with a configuration file`, {
      atKey: true,
      hint,
    });
  });
};

/** What this program computes for each host or member: another value is allowed, but on one's own account. */
const MANAGED: Readonly<Partial<Record<ComponentName, readonly string[]>>> = {
  etcd: ['name', 'data-dir', 'initial-cluster', 'initial-cluster-state', 'advertise-client-urls'],
  'kube-apiserver': [
    'etcd-servers',
    'client-ca-file',
    'service-account-key-file',
    'service-cluster-ip-range',
  ],
  'kube-controller-manager': [
    'kubeconfig',
    'cluster-cidr',
    'service-account-private-key-file',
    'root-ca-file',
  ],
  'kube-scheduler': ['kubeconfig'],
  kubelet: ['config', 'kubeconfig', 'hostname-override', 'container-runtime', 'container-runtime-endpoint'],
  'kube-proxy': ['hostname-override', 'master'],
};

export const managedFlagsAreLeftAlone: Rule = (inventory, report) => {
  eachFlag(inventory, (component, flag, _value, path) => {
    if (!MANAGED[component]?.includes(flag)) return;
    report.warning(path, `--${flag} of ${component} is set to fit the cluster; your value replaces it`, {
      atKey: true,
    });
  });
};

/** kubelet does not start when its cgroup driver differs from the runtime's. */
export const cgroupDriverIsLeftAlone: Rule = (inventory, report) => {
  const hint = 'It always follows the container runtime.';
  const refuse = (path: Path): void => {
    report.error(path, 'the cgroup driver cannot be set', { atKey: true, hint });
  };
  if (Object.hasOwn(inventory.kubelet.config, 'cgroupDriver')) refuse(['kubelet', 'config', 'cgroupDriver']);
  eachFlag(inventory, (component, flag, _value, path) => {
    if (component === 'kubelet' && flag === 'cgroup-driver') refuse(path);
  });
};

/** kubelet and kube-proxy ignore unknown fields silently and die of wrongly typed ones. */
export const configFieldsAreKnown: Rule = (inventory, report, { release }) => {
  for (const component of CONFIGURED) {
    const section = SECTIONS[component];
    const { config } = inventory[section];
    if (Object.keys(config).length === 0) continue;
    checkFields(config, release.configFields(component), [section, 'config'], report);
  }
};

function checkFields(config: object, fields: FieldTree, path: Path, report: Report): void {
  for (const [name, value] of Object.entries(config) as [string, unknown][]) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const here = [...path, name];
    if (field === undefined) {
      report.error(here, `unknown field${didYouMean(name, Object.keys(fields))}`, { atKey: true });
    } else if (value === null) {
      // takes the field away
    } else if (typeof field === 'object') {
      if (isMapping(value)) checkFields(value, field, here, report);
      else report.error(here, 'must be a mapping');
    } else if (!KINDS[field].test(value)) {
      report.error(here, `must be ${KINDS[field].title}`);
    }
  }
}

interface Kind {
  readonly title: string;
  readonly test: (value: unknown) => boolean;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const mapOf = (test: (value: unknown) => boolean) => (value: unknown) =>
  isMapping(value) && Object.values(value).every(test);

const KINDS: Readonly<Record<FieldKind, Kind>> = {
  text: { title: 'text (in quotes, if it looks like a number)', test: isText },
  whole: { title: 'a whole number', test: Number.isInteger },
  number: { title: 'a number', test: (value) => typeof value === 'number' },
  boolean: { title: 'true or false', test: isBoolean },
  duration: {
    title: 'a duration like 10s or 1h30m',
    test: (value) =>
      typeof value === 'string' && /^-?(?:0|(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/.test(value),
  },
  texts: { title: 'a list of text', test: isTexts },
  'text map': { title: 'a mapping of text to text (numbers in quotes)', test: mapOf(isText) },
  'boolean map': { title: 'a mapping to true or false', test: mapOf(isBoolean) },
  'texts map': { title: 'a mapping to lists of text', test: mapOf(isTexts) },
};
