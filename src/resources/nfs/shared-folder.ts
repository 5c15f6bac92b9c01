import { basename, dirname } from 'node:path/posix';
import { BootstrapError } from '../../kernel/errors.ts';
import { quote, sh } from '../../kernel/quote.ts';
import type { Observed } from '../../probe/observe.ts';
import { type Change, type Resource, none } from '../resource.ts';
import type { Attributes, Step } from '../step.ts';
import { inFolder } from '../steps/into.ts';

export interface SharedFolder {
  readonly path: string;
  /** What is `undefined` stays as it is on a folder that is there. */
  readonly mode: string | undefined;
  readonly owner: string | undefined;
  readonly group: string | undefined;
}

/** Of a folder that is made. */
const NEW: Attributes = { mode: '0777', owner: 'root', group: 'root' };

const QUESTION = 'shared-folders';

/**
 * Folders that people's files are in: made when missing, given the mode and owner that somebody asked for, and never
 * taken away. They stay out of the manifest, so that nobody ever deletes one as ours. Their paths may hold blanks.
 */
export function sharedFolders(folders: readonly SharedFolder[]): Resource[] {
  const question = look(folders.map(({ path }) => path));
  return folders.map((wanted) => {
    const { path } = wanted;
    return {
      id: `directory:${path}`,
      title: path,
      watches: [{ kind: 'answer', key: QUESTION, script: question }],
      diff(seen): Change {
        const state = stateOf(seen, path);
        if (state?.type !== 'directory') {
          const { mode, owner, group } = asMade(wanted);
          return { kind: 'create', summary: `folder ${mode} ${owner}:${group}` };
        }
        const off = drift(state, wanted);
        return off.length === 0 ? none('as wanted') : { kind: 'update', summary: off.join('; ') };
      },
      steps(_change, seen): Step[] {
        const state = stateOf(seen, path);
        if (state !== undefined && state.type !== 'directory') throw inTheWay(path, state.type);
        return state === undefined
          ? [{ op: 'run', title: `make folder ${path}`, script: make(path, asMade(wanted)) }]
          : [{ op: 'run', title: `set up folder ${path}`, script: setUp(wanted) }];
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

/** What is at the paths, where they really lead, and which of them are folders with something in them. */
const look = (paths: readonly string[]): string => `set -- ${paths.map(quote).join(' ')}
stat -c '%a %U %u %G %g %F|%n|' -- "$@" 2>/dev/null || :
echo '== real'
readlink -m -- "$@"
echo '== full'
for folder; do
  if [ -d "$folder" ] && [ -n "$(find "$folder/" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]; then
    printf '%s\\n' "$folder"
  fi
done`;

/** What is known of a folder that is to be exported. */
export interface FolderSight {
  /** Where the path leads when all links on the way are followed; `undefined` when the host did not tell. */
  readonly real: string | undefined;
  readonly hasFiles: boolean;
}

/** Of each path, in their order; nothing where the folders were not asked for. */
export function folderSights(seen: Observed, paths: readonly string[]): FolderSight[] {
  const answer = seen.answer(QUESTION);
  if (answer === undefined) return [];
  const [, real = '', full = ''] = answer.output.split(/^== (?:real|full)\n/m);
  const reals = real.split('\n').slice(0, -1);
  const filled = new Set(full.split('\n'));
  return paths.map((path, index) => ({
    // A link's name may hold a line break: then no line can be said to be of one path.
    real: reals.length === paths.length ? reals[index] : undefined,
    hasFiles: filled.has(path),
  }));
}

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
  const { mode = state.mode, owner = state.owner[0] ?? '', group = state.group[0] ?? '' } = wanted;
  const sameOwner = state.owner.includes(owner) && state.group.includes(group);
  return [
    ...(state.mode === mode ? [] : [`mode ${state.mode} → ${mode}`]),
    ...(sameOwner ? [] : [`owner ${state.owner[0] ?? ''}:${state.group[0] ?? ''} → ${owner}:${group}`]),
  ];
}

const asMade = ({ mode = NEW.mode, owner = NEW.owner, group = NEW.group }: SharedFolder): Attributes => ({
  mode,
  owner,
  group,
});

/**
 * Folders above it are anybody's to pass, and root's alone to change. One that somebody else makes meanwhile is not ours
 * to open: mkdir fails.
 */
const make = (path: string, made: Attributes): string => {
  const above = foldersAbove(path).filter((folder) => folder !== '/');
  return [
    ...above.toReversed().map((folder) => `[ -d ${quote(folder)} ] || ${makeIn(folder)}`),
    makeIn(path),
    setUp({ path, ...made }, ['label .']),
  ].join('\n');
};

const makeIn = (path: string): string =>
  inFolder(dirname(path), ['root_alone .', 'umask 022', sh`mkdir -- ${`./${basename(path)}`}`]);

/** From the nearest up to the root. */
export const foldersAbove = (path: string): string[] =>
  path === '/' ? [] : [dirname(path), ...foldersAbove(dirname(path))];

const setUp = ({ path, mode, owner = '', group = '' }: SharedFolder, after: readonly string[] = []): string =>
  inFolder(path, [
    ...(owner === '' && group === '' ? [] : [sh`chown -- ${`${owner}${group && `:${group}`}`} .`]),
    ...(mode === undefined ? [] : [sh`chmod -- ${mode} .`]),
    ...after,
  ]);

const inTheWay = (path: string, type: string): BootstrapError =>
  new BootstrapError('E_IN_THE_WAY', `${path} is a ${type}, and a folder is wanted there`, {
    hint: 'Move it away, or export the folder it leads to; nothing is deleted that k8s-bootstrap did not write.',
    where: { resource: `directory:${path}` },
  });
