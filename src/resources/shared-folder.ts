import { BootstrapError } from '../kernel/errors.ts';
import { quote, sh } from '../kernel/quote.ts';
import type { Observed } from '../probe/observe.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Attributes, Step } from './step.ts';

export interface SharedFolder extends Attributes {
  readonly path: string;
}

const QUESTION = 'shared-folders';

/**
 * Folders that people's files are in: made when missing, given mode and owner, and never again looked into or taken
 * away. They stay out of the manifest, so that nobody ever deletes one as ours. Their paths may hold blanks.
 */
export function sharedFolders(folders: readonly SharedFolder[]): Resource[] {
  const question = stat(folders.map(({ path }) => path));
  return folders.map((wanted) => {
    const { path } = wanted;
    return {
      id: `directory:${path}`,
      title: path,
      watches: [{ kind: 'answer', key: QUESTION, script: question }],
      diff(seen): Change {
        const state = stateOf(seen, path);
        if (state?.type !== 'directory') {
          return { kind: 'create', summary: `folder ${wanted.mode} ${wanted.owner}:${wanted.group}` };
        }
        const off = drift(state, wanted);
        return off.length === 0 ? none('as wanted') : { kind: 'update', summary: off.join('; ') };
      },
      steps(_change, seen): Step[] {
        const state = stateOf(seen, path);
        if (state !== undefined && state.type !== 'directory') throw inTheWay(path, state.type);
        return [{ op: 'run', title: `make folder ${path}`, script: make(wanted) }];
      },
    };
  });
}

interface FolderState {
  readonly type: string;
  readonly mode: string;
  /** Name and number. */
  readonly owner: readonly string[];
  readonly group: readonly string[];
}

/** One `stat` for all; those that are not there only make noise. */
const stat = (paths: readonly string[]): string =>
  `stat -c '%a %U %u %G %g %F|%n|' -- ${paths.map(quote).join(' ')} 2>/dev/null || :`;

function stateOf(seen: Observed, path: string): FolderState | undefined {
  const line = (seen.answer(QUESTION)?.output ?? '')
    .split('\n')
    .find((one) => one.slice(one.indexOf('|') + 1) === `${path}|`);
  const [, mode = '', user = '', uid = '', group = '', gid = '', type = ''] =
    /^(\d+) (\S+) (\d+) (\S+) (\d+) ([^|]*)\|/.exec(line ?? '') ?? [];
  if (type === '') return undefined;
  return { type, mode: mode.padStart(4, '0'), owner: [user, uid], group: [group, gid] };
}

function drift(state: FolderState, wanted: SharedFolder): string[] {
  const sameOwner = state.owner.includes(wanted.owner) && state.group.includes(wanted.group);
  return [
    ...(state.mode === wanted.mode ? [] : [`mode ${state.mode} → ${wanted.mode}`]),
    ...(sameOwner
      ? []
      : [`owner ${state.owner[0] ?? ''}:${state.group[0] ?? ''} → ${wanted.owner}:${wanted.group}`]),
  ];
}

/** Folders above it are anybody's to pass. */
const make = ({ path, mode, owner, group }: SharedFolder): string => `(umask 022; mkdir -p -- ${quote(path)})
${sh`chown -- ${`${owner}:${group}`} ${path}`}
${sh`chmod -- ${mode} ${path}`}
label ${quote(path)}`;

const inTheWay = (path: string, type: string): BootstrapError =>
  new BootstrapError('E_IN_THE_WAY', `${path} is a ${type}, and a folder is wanted there`, {
    hint: 'Move it away, or export the folder it leads to; nothing is deleted that k8s-bootstrap did not write.',
    where: { resource: `directory:${path}` },
  });
