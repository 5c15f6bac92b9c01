import { Secret } from '../../kernel/secret.ts';
import { type Need, addonData } from '../../addons/catalog.ts';
import type { Inventory } from '../types.ts';
import { eachFlag } from './component-rules.ts';
import type { Rule } from './rule.ts';
import { podsHaveNoToken } from './tokens.ts';

/** What everybody tries first lets everybody in. */
export const addonsHaveTheirOwnSecrets: Rule = (inventory, report) => {
  for (const { name, values } of inventory.addons) {
    for (const [key, { wellKnown = [] }] of Object.entries(addonData(name).values)) {
      const value = values[key];
      if (value instanceof Secret && wellKnown.includes(value.reveal()))
        report.warning(['addons', name, key], 'is one that everybody knows, and tries first', {
          atKey: true,
          hint: 'For learning it will do. Elsewhere take another, like ${env:NAME}.',
        });
    }
  }
};

/** Nothing is begun that its pods could not end. */
export const addonsHaveWhatTheyNeed: Rule = (inventory, report) => {
  const names = inventory.addons.map(({ name }) => name);
  for (const name of names) {
    const { title, needs, requires, cautions } = addonData(name);
    for (const need of needs) {
      const lack = LACKS[need](inventory);
      if (lack) report.error(['addons', name], `${title} ${lack.message}`, { atKey: true, hint: lack.hint });
    }
    for (const other of requires.filter((one) => !names.includes(one))) {
      report.error(
        ['addons', name],
        `${title} works with ${addonData(other).title}, which is not among the add-ons`,
        {
          atKey: true,
          hint: `Write ${other}: {} beside it.`,
        },
      );
    }
    for (const caution of cautions) report.warning(['addons', name], caution, { atKey: true });
  }
};

interface Lack {
  readonly message: string;
  readonly hint: string;
}

const LACKS: Readonly<Record<Need, (inventory: Inventory) => Lack | undefined>> = {
  tokens(inventory) {
    const who = podsHaveNoToken(inventory);
    return who === undefined
      ? undefined
      : {
          message: `needs a token, and ${who} turns ServiceAccount admission off`,
          hint: 'Set apiServer: {extraArgs: {disable-admission-plugins: null}}, or leave it out.',
        };
  },
  'host-network': ({ profile }) =>
    profile === 'cis'
      ? {
          message: 'uses the network of its nodes, which profile cis lets no pod do outside kube-system',
          hint: 'Leave it out, or take profile secure.',
        }
      : undefined,
  aggregation(inventory) {
    const removed: string[] = [];
    eachFlag(inventory, (component, flag, value) => {
      if (component === 'kube-apiserver' && value === null && AGGREGATION.test(flag))
        removed.push(`--${flag}`);
    });
    return removed.length === 0
      ? undefined
      : {
          message: `answers behind the API server, which without ${removed.join(', ')} says to nobody who asks`,
          hint: 'Leave the flags of the aggregation layer as they are.',
        };
  },
};

/** https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/ */
const AGGREGATION = /^(?:proxy-client-|requestheader-)/;
