import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type AddonData, addonCatalog, isInCluster } from '../../../src/addons/catalog.ts';
import { addonKinds } from '../../../src/addons/objects.ts';
import { programPaths } from '../../../src/phases/addons/programs.ts';
import { loadRelease } from '../../../src/release/release.ts';

/** `docs/addons/` is what `addons/` says; `npx vitest run test/unit/docs/addons.test.ts -u` writes it anew. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const ARCHES = ['amd64', 'arm64'] as const;

const plainDefault = (value: unknown): string =>
  value === undefined ? 'none: must be named' : `\`${JSON.stringify(value)}\``;

const NEEDS = {
  tokens: 'pods with a token: profiles `secure` and `cis`, or `course` with ServiceAccount admission on',
  'host-network':
    'profile `secure`, or `course`: in `cis` no pod outside kube-system uses the network of its node',
  aggregation: 'the aggregation layer, which every profile sets up',
} as const;

function pageOf(addon: AddonData): string {
  const {
    name,
    title,
    why,
    link,
    version,
    namespace,
    images,
    binaries,
    values,
    needs,
    requires,
    opens,
    cautions,
    tried,
  } = addon;
  const paths = programPaths(addon).map((path) => `\`${path}\``);
  const release = loadRelease('v1.16.3');
  const artifacts = binaries.map((binary) => {
    const each = ARCHES.map((arch) => release.artifact(binary, arch, version));
    const published = each.filter(({ checksum }) => checksum !== undefined).map(({ arch }) => arch);
    const [first] = each;
    return `\`${first?.path ?? ''}\` of a mirror or from ${first?.official.join(', ') ?? ''} (SHA-256 known for ${published.join(', ')}; of others the lock file keeps that of the first download)`;
  });
  const kinds = addonKinds(name).map(({ apiVersion, kind }) => `${kind} (${apiVersion})`);
  const settings = [
    ...Object.entries(images).map(([key, image]) => [
      `\`images.${key}\``,
      'image',
      `\`${image}\``,
      'what its pods run',
    ]),
    ...Object.entries(values).map(([key, { type, default: value, says }]) => [
      `\`${key}\``,
      type,
      plainDefault(value),
      says,
    ]),
  ];
  const sections: readonly (readonly [string, string])[] = [
    [
      'Set',
      `\`\`\`yaml\naddons:\n  ${name}: {}\n\`\`\`\n\n${
        settings.length === 0
          ? 'There is nothing to set.'
          : table(['setting', 'type', 'default', 'is'], settings)
      }`,
    ],
    [
      'Brings',
      paths.length === 0
        ? ''
        : `${paths.join(', ')} on every master, out of ${artifacts.join(', ')}. \`plan\` shows it as a file, and \`up --prune\` takes it away when the inventory names it no more.`,
    ],
    [
      'Needs',
      list([...needs.map((need) => NEEDS[need]), ...requires.map((other) => `[${other}](${other}.md)`)]),
    ],
    ['Opens', list(opens)],
    ['Take care', list(cautions)],
    ['Tried', tried],
    [
      'Made of',
      isInCluster(addon)
        ? `${kinds.join(', ')}; pods in \`${namespace}\`. Well when these are: ${addon.healthy.map((path) => `\`${path}\``).join(', ')}.`
        : '',
    ],
  ];
  return [
    `# ${title} ${version}`,
    why,
    `From [upstream](${link}). This page is made of \`addons/${name}/addon.yaml\`.`,
    ...sections.flatMap(([heading, text]) => (text === '' ? [] : [`## ${heading}`, text])),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

describe('the page of', () => {
  it.each(addonCatalog().map((addon) => [addon.name, addon] as const))(
    '%s says what its data says',
    async (name, addon) => {
      await expect(pageOf(addon)).toMatchFileSnapshot(`${ROOT}docs/addons/${name}.md`);
    },
  );

  it('each add-on is there, and in README.md; and no other', () => {
    const names = addonCatalog().map(({ name }) => name);
    expect(readdirSync(`${ROOT}docs/addons`).sort()).toEqual(names.map((name) => `${name}.md`).sort());
    const readme = readFileSync(`${ROOT}README.md`, 'utf8');
    expect([...readme.matchAll(/^\| \[`([a-z-]+)`\]\(docs\/addons\//gm)].map(([, name]) => name)).toEqual(
      names,
    );
  });
});
