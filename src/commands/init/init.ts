import { access } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { parseInventory } from '../../inventory/load.ts';
import { formatProblem, InventoryError } from '../../inventory/problem.ts';
import type { Inventory, Role } from '../../inventory/types.ts';
import { writeAtomic } from '../../kernel/atomic-file.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { isMapping } from '../../kernel/mapping.ts';
import type { Observed } from '../../probe/observe.ts';
import { type HostFacts, factsOf, factsWatches } from '../../facts/facts.ts';
import { type Fleet, type Member, probeAnew, sightings } from '../../run/fleet.ts';
import type { ClusterOptions } from '../../cluster/open.ts';
import { inventoryContext } from '../../cluster/read-inventory.ts';
import { type VisitOptions, lostIn, visitHosts } from '../../cluster/visit-hosts.ts';
import { expandAddresses } from './addresses.ts';
import { type Found, foundOn, foundWatches } from './found.ts';
import { type Ranges, chooseRanges, networksOf, nodeAddress, nodeNames } from './choices.ts';
import { type Settings, part, settingsFrom } from './settings.ts';
import { type NewInventory, inventoryText } from './inventory-text.ts';

export interface InitOptions extends VisitOptions {
  readonly addresses: readonly string[];
  /** The file to write. */
  readonly output: string;
  readonly name: string;
  /** Whose first IPv4 address is the node's own. */
  readonly interface?: string | undefined;
  /** How many of the hosts become masters with etcd, the first ones. */
  readonly masters: number;
  readonly ssh: { readonly user?: string; readonly port?: number; readonly keys?: readonly string[] };
  /** An inventory whose settings are taken over. */
  readonly from: string | undefined;
  readonly env: ClusterOptions['env'];
}

/**
 * Looks at hosts and writes the inventory of a cluster on them.
 * @throws E_EXISTS for a file that is there already, E_ADDRESS, E_INVENTORY, E_UNREACHABLE; nothing is written then
 */
export async function init(options: InitOptions): Promise<number> {
  const { emit, env, output } = options;
  await refuseToOverwrite(output);
  const addresses = expandAddresses(options.addresses);
  checkMasters(options.masters, addresses.length);
  const settings = await settingsOf(options);
  const draft = check(inventoryText(draftOf(addresses, settings, options)), output, env);
  const { facts, found: there } = await look(draft, options);
  refuseMissing(addresses, facts, options.interface);
  const taken = { ...inventoryOf(addresses, facts, withKept(settings, there), options), left: there.left };
  const text = inventoryText(taken);
  const { hosts, name } = check(text, output, env);
  await writeAtomic(output, text, 0o644);
  const shown = relative(process.cwd(), output);
  emit({
    type: 'result',
    answer: 'init',
    data: {
      file: output,
      shown: shown.startsWith('..') ? output : shown,
      name,
      hosts: hosts.map((one) => ({ name: one.name, address: one.address, roles: one.roles })),
    },
  });
  return ExitCode.ok;
}

/** Once, here, and by what the hosts say now: an address that moved later would make another node of the same host. */
function refuseMissing(
  addresses: readonly string[],
  facts: readonly HostFacts[],
  wanted: string | undefined,
): void {
  if (wanted === undefined) return;
  addresses.forEach((address, index) => {
    const found = facts[index]?.addresses ?? [];
    if (found.some((one) => one.interface === wanted)) return;
    const names = [...new Set(found.map((one) => one.interface))].filter((name) => name !== 'lo');
    throw new BootstrapError('E_INTERFACE', `${address} has no IPv4 address on ${wanted}`, {
      hint: `It has addresses on ${names.join(', ') || 'none'}. Nothing was written.`,
      exitCode: ExitCode.usage,
    });
  });
}

async function refuseToOverwrite(file: string): Promise<void> {
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (!there) return;
  throw new BootstrapError('E_EXISTS', `${file} exists already`, {
    hint: 'Nothing is overwritten: name another file with --output, or move this one away.',
    exitCode: ExitCode.usage,
  });
}

function checkMasters(masters: number, hosts: number): void {
  if (masters >= 1 && masters <= hosts && masters % 2 === 1) return;
  throw new BootstrapError('E_MASTERS', `${masters} of ${hosts} hosts cannot be masters`, {
    hint: 'etcd is on the masters and wants an odd number of members: 1, 3 or 5.',
    exitCode: ExitCode.usage,
  });
}

/** What is taken over, with the options for logging in laid over it. */
async function settingsOf({ from, ssh }: InitOptions): Promise<Settings> {
  const settings = from === undefined ? {} : await settingsFrom(from);
  return { ...settings, ssh: { ...part(settings, 'ssh'), ...ssh } };
}

const LONGEST_NAME = 63;

/** Good enough to connect by: names and node addresses come later, and until then a host is called what was typed. */
function draftOf(addresses: readonly string[], settings: Settings, options: InitOptions): NewInventory {
  const isAddress = (text: string): boolean => /^[\d.]+$/.test(text);
  const taken = addresses.filter(isAddress).map((ip) => `${ip}/32`);
  return {
    name: options.name,
    hosts: addresses.map((address, index) => ({
      name: address.length > LONGEST_NAME ? `node${index + 1}` : address.toLowerCase(),
      address,
      ip: isAddress(address) ? undefined : `192.0.2.${(index % 254) + 1}`,
      roles: rolesOf(index, addresses.length, 1),
      about: '',
    })),
    ranges: chooseRanges(taken, givenRanges(settings)),
    networks: [],
    settings,
    left: {},
  };
}

/** Settings that were taken over count more than what hosts have. */
const withKept = (settings: Settings, { kept }: Found): Settings =>
  Object.fromEntries(
    [...new Set([...Object.keys(settings), ...Object.keys(kept)])].map((name) => {
      const written = settings[name];
      const mixed = name in kept && (written === undefined || isMapping(written));
      return [name, mixed ? { ...part(kept, name), ...part(settings, name) } : written];
    }),
  );

function inventoryOf(
  addresses: readonly string[],
  facts: readonly HostFacts[],
  settings: Settings,
  { name, masters, interface: wanted }: InitOptions,
): Omit<NewInventory, 'left'> {
  const names = nodeNames(facts.map(({ hostname }) => hostname));
  const networks = networksOf(facts);
  return {
    name,
    hosts: addresses.map((address, index) => {
      const ip = facts[index] && nodeAddress(address, facts[index], wanted);
      return {
        name: names[index] ?? `node${index + 1}`,
        address,
        ip: ip === address ? undefined : ip,
        roles: rolesOf(index, addresses.length, masters),
        about: facts[index] ? about(facts[index]) : '',
      };
    }),
    ranges: chooseRanges(networks, givenRanges(settings)),
    networks,
    settings,
  };
}

const about = ({ prettyName, cpus, memoryMiB, kernel }: HostFacts): string =>
  `${prettyName}, ${cpus} processor${cpus === 1 ? '' : 's'}, ${(memoryMiB / 1024).toFixed(1)} GiB of memory, kernel ${kernel}`;

function rolesOf(index: number, hosts: number, masters: number): Role[] {
  if (index >= masters) return ['worker'];
  return hosts === masters ? ['master', 'etcd', 'worker'] : ['master', 'etcd'];
}

function givenRanges(settings: Settings): Partial<Ranges> {
  const { serviceCIDR, podCIDR } = part(settings, 'network');
  return {
    ...(typeof serviceCIDR === 'string' && { serviceCIDR }),
    ...(typeof podCIDR === 'string' && { podCIDR }),
  };
}

/** Reads a text as `up` will read it. What is wrong can only come from the settings that were taken over. */
function check(text: string, file: string, env: InitOptions['env']): Inventory {
  try {
    return parseInventory(Buffer.from(text), file, inventoryContext(env)).inventory;
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error;
    const problems = error.problems.map((problem) => formatProblem(problem).replace(/^\S+ /, ''));
    throw new BootstrapError('E_INVENTORY', `these settings make no inventory:\n${problems.join('\n')}`, {
      hint: 'They come from --from and from the options. Nothing was written.',
      exitCode: ExitCode.usage,
    });
  }
}

/** Facts of all hosts, in their order, and what else of an inventory they show. */
async function look(
  inventory: Inventory,
  options: InitOptions,
): Promise<{ facts: readonly HostFacts[]; found: Found }> {
  const hosts = inventory.hosts.map(({ name }) => name);
  const seen = new Map<string, Observed>();
  const ask = (fleet: Fleet, member: Member): Promise<void> =>
    probeAnew(fleet, member, (wanted) => [
      ...factsWatches(),
      ...inventory.hosts
        .filter(({ name }) => name === wanted)
        .flatMap((host) => foundWatches(inventory, host)),
    ]);
  await visitHosts({ inventory, warnings: [], hosts, ask, more: true }, options, (fleet) => {
    const lost = lostIn(fleet);
    if (lost.length > 0) throw unreachable(inventory, lost, fleet.members.get(lost[0] ?? '')?.failed);
    for (const [name, observed] of sightings(fleet)) seen.set(name, observed);
    return Promise.resolve(ExitCode.ok);
  });
  const facts = hosts.flatMap((name) => (seen.has(name) ? [factsOf(seen.get(name))] : []));
  return { facts, found: foundOn(inventory, seen) };
}

function unreachable(
  draft: Inventory,
  names: readonly string[],
  cause: BootstrapError | undefined,
): BootstrapError {
  const addresses = draft.hosts.filter(({ name }) => names.includes(name)).map(({ address }) => address);
  return new BootstrapError('E_UNREACHABLE', `${addresses.join(', ')} cannot be looked at`, {
    hint: 'Nothing was written. Leave the host out, or repair the way to it first.',
    ...(cause && { cause }),
  });
}

/** Absolute, so that it means the same wherever the inventory lies. */
export const keyPaths = (keys: readonly string[]): string[] =>
  keys.map((key) => (key.startsWith('~') ? key : resolve(key)));
