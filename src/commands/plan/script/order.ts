import { oneLine } from '../../../report/text.ts';
import { sh } from '../../../kernel/quote.ts';
import type { PlannedHook } from '../../../plan/plan.ts';
import type { Course, CourseStep } from './course.ts';
import { fileWhy } from '../../explain/file-facts.ts';
import type { Entry, Kind } from './files.ts';
import { SSH_CONFIG } from './ssh-config.ts';

/** Where the files of a host lie on it, below the home of who logs in. */
const THERE = 'k8s-bootstrap';

/** A script of a step: by host, before and after what is waited for. */
export interface ScriptName {
  readonly host: string;
  /** Without a folder. */
  readonly name: string;
}

export interface OrderOf {
  readonly cluster: string;
  /** As it is typed to name the inventory: `inventory.yaml`. */
  readonly inventory: string;
  readonly stateFolder: string;
  readonly kubeconfig: string;
  readonly course: Course;
  /** Of each step of the course: its scripts, and those that wait. */
  readonly scripts: readonly {
    readonly work: readonly ScriptName[];
    readonly waits: readonly ScriptName[];
  }[];
  readonly hosts: readonly { readonly name: string; readonly sudo: boolean }[];
  readonly files: ReadonlyMap<string, Entry>;
  readonly hooks: readonly PlannedHook[];
}

/** How the scripts are brought to the hosts and run, in their order, as commands that can be typed or pasted. */
export function orderText(of: OrderOf): string {
  const { course, hosts } = of;
  if (hosts.length === 0 && !course.rest)
    return `# ${of.cluster} by hand\n\nThere is nothing to do: the hosts are as the inventory says.\n`;
  const sections = course.steps.map((step, index) => stepText(of, step, index));
  return [
    `# ${of.cluster} by hand`,
    '',
    `What \`k8s-bootstrap up\` would do, as one script for each host and step. Each says in it what it does and why; \`files/\` beside it has what it writes, by the paths on the host. The commands are typed in this folder, in this order. A script ends at the first command that fails, and says where.`,
    '',
    `It was made from what the hosts were like then. When something has changed since, or a script has failed, make it anew with \`k8s-bootstrap plan ${of.inventory} --script\` and this folder: what is done is not in it any more. \`diff -r\` of two such folders tells two plans apart.`,
    '',
    'Nothing is compared when a script is run. After a change of users, rights, keys or nodes, scripts from before it must not be run: they would bring back what was. Make the folder anew first.',
    '',
    ...bringLines(hosts.map(({ name }) => name)),
    ...artifactLines(of.files),
    ...secretLines(of),
    ...sections.flat(),
    ...hookLines(of.hooks),
    ...endLines(of),
  ].join('\n');
}

function stepText({ scripts, hosts }: OrderOf, { phases, takesDown }: CourseStep, index: number): string[] {
  const { work = [], waits = [] } = scripts[index] ?? {};
  const titles = phases.map(({ title }) => title).join(', ');
  const order = work.length > 1 ? ['', `On these hosts in any order, or at once.`] : [];
  const care = takesDown
    ? ['', 'It is out of service for a moment: go on only when what follows is done.']
    : [];
  const run = ({ host, name }: ScriptName): string => {
    const sudo = hosts.find((one) => one.name === host)?.sudo ? 'sudo ' : '';
    return `ssh -t -F ${SSH_CONFIG} ${sh`${host}`} ${sh`${`${sudo}sh ${THERE}/${name}`}`}`;
  };
  return [
    `## ${index + 1}. ${titles}`,
    ...order,
    ...care,
    '',
    ...(work.length > 0 ? block(work.map(run)) : []),
    ...(waits.length > 0 ? ['Wait until it works:', '', ...block(waits.map(run))] : []),
  ];
}

const block = (lines: readonly string[]): string[] => ['```sh', ...lines, '```', ''];

const bringLines = (hosts: readonly string[]): string[] =>
  hosts.length === 0
    ? []
    : [
        '## Bring it to the hosts',
        '',
        `Each host gets its own folder, as \`~/${THERE}\`.`,
        '',
        ...block(hosts.map(bring)),
      ];

const bring = (host: string): string =>
  `tar -chf - -C ${sh`${host}`} . | ssh -F ${SSH_CONFIG} ${sh`${host}`} 'mkdir -p -m 700 ${THERE} && tar -xof - -C ${THERE}'`;

function artifactLines(files: ReadonlyMap<string, Entry>): string[] {
  const rows = byPath(files, 'artifacts', (entry) =>
    'target' in entry ? `\`${entry.target}\` | \`${entry.sha256}\`` : '',
  );
  if (rows.length === 0) return [];
  return [
    'Programs in `artifacts/` are links to the cache on this machine; what they lead to is copied. A script checks each by its SHA-256 before it takes its place.',
    '',
    '| on the host | here | SHA-256 | hosts |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

function secretLines({ files, stateFolder }: OrderOf): string[] {
  const rows = byPath(files, 'secrets', (entry, path) => {
    const from = 'made' in entry ? 'made for this folder' : 'state folder or inventory';
    return `${fileWhy(`/${path}`, '')?.en ?? ''} | ${from}`;
  });
  if (rows.length === 0) return [];
  return [
    '## Secrets',
    '',
    `No script has a secret in it: each reads them from \`secrets/\` beside it, which nobody but you may enter. Keys of components were made for this folder with their certificates, are kept nowhere else, and are others each time it is made. All other secrets are those of the state folder, \`${stateFolder}\`, and of the inventory.`,
    '',
    '| file | what it is | from | hosts |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

/** A row for each file of a kind that hosts have alike. */
function byPath(
  files: ReadonlyMap<string, Entry>,
  kind: Kind,
  cells: (entry: Entry, path: string) => string,
): string[] {
  const rows = new Map<string, string[]>();
  for (const [file, entry] of files) {
    const [host = '', folder, ...rest] = file.split('/');
    if (folder !== kind) continue;
    const path = rest.join('/');
    const row = `\`${path}\` | ${cells(entry, path)}`;
    rows.set(row, [...(rows.get(row) ?? []), host]);
  }
  return [...rows].map(([row, hosts]) => `| ${row} | ${hosts.join(', ')} |`);
}

function hookLines(hooks: readonly PlannedHook[]): string[] {
  if (hooks.length === 0) return [];
  const rows = hooks.map(
    ({ when, of, run, on }) =>
      `- ${when} ${of === 'up' ? 'all of it' : of}, on ${on.join(', ')}: \`${oneLine(run)}\``,
  );
  return ['## Hooks of the inventory', '', 'No script runs them. They belong here:', '', ...rows, ''];
}

function endLines(of: OrderOf): string[] {
  const { rest, steps: all } = of.course;
  const again = `k8s-bootstrap plan ${of.inventory} --script`;
  const more = rest
    ? [
        `## ${all.length + 1}. The rest`,
        '',
        `${oneLine(rest.title)} and what comes after can be told when this is there: ${oneLine(rest.waitsFor)}. Make this folder anew with \`${again}\`, and go on by it.`,
        '',
      ]
    : [
        '## At the end',
        '',
        `\`k8s-bootstrap plan ${of.inventory}\` finds nothing left to do, and \`export KUBECONFIG=${of.kubeconfig}\` lets kubectl in.`,
        '',
      ];
  if (all.length === 0) return more;
  return [
    ...more,
    'What was brought to the hosts has keys in it. Take it away:',
    '',
    ...block(of.hosts.map(({ name }) => `ssh -F ${SSH_CONFIG} ${sh`${name}`} 'rm -rf ${THERE}'`)),
  ];
}
