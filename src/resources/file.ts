import { BootstrapError } from '../kernel/errors.ts';
import type { LockedText } from '../kernel/locked-text.ts';
import { bytes, secretBytes, sha256 } from './content.ts';
import type { FileState, Observed, Watch } from '../probe/observe.ts';
import { type Change, type Resource, type TextChange, none } from './resource.ts';
import type { Attributes, Content, Step } from './step.ts';

export interface FileSpec {
  readonly path: string;
  /** A function renders it when it is first compared: what to ask a host is known without. */
  readonly content: WantedText | (() => string);
  readonly mode?: string;
  readonly owner?: string;
  readonly group?: string;
  /** Its text is never shown and its digest never leaves the host unsalted. */
  readonly secret?: boolean;
  /** Shell run on the temporary file (`$1`) before it takes the name. */
  readonly check?: string;
}

/**
 * `undefined` when it is only made when applied (it holds a key that does not exist yet). A locked one is of a secret,
 * and has been opened when it is applied.
 */
type WantedText = string | LockedText | undefined;

export const fileId = (path: string): string => `file:${path}`;

/** A file with the given text, rights and owner. */
export function file(spec: FileSpec): Resource {
  const { path, secret = false } = spec;
  const wanted = attributesOf(spec, secret ? '0600' : '0644');
  let known = spec.content;
  const render = (): WantedText => {
    if (typeof known === 'function') known = known();
    return known;
  };
  return {
    id: fileId(path),
    title: path,
    watches: [{ kind: 'file', key: plain(path), read: secret ? 'secret' : 'hash' }],
    owns: [path],
    ...(secret && { wants: () => digestOf(render()) }),
    diff(seen) {
      const content = render();
      const state = seen.file(path) ?? { type: 'absent' };
      const label = secret ? `secret, ${sizeOf(content)}` : sizeOf(content);
      if (state.type !== 'file') return { kind: 'create', summary: label, ...text(spec, '', content) };
      const off = attributeDrift(state, wanted);
      if (content === undefined || !sameBytes(state, content, secret, seen)) {
        return {
          kind: 'update',
          summary: [label, ...off].join('; '),
          ...shown(spec, state.content, content),
        };
      }
      return off.length > 0 ? { kind: 'update', summary: off.join('; ') } : none('as wanted');
    },
    steps(change, seen): Step[] {
      const content = render();
      const state = seen.file(path);
      if (typeof content !== 'string')
        throw new BootstrapError('E_BUG', `no content was made for ${path}, or it is locked`);
      if (change.kind === 'update' && state?.type === 'file' && sameBytes(state, content, secret, seen)) {
        return [{ op: 'attributes', path, attributes: wanted }];
      }
      return writing(path, (secret ? secretBytes : bytes)(content), wanted, state, spec.check);
    },
  };
}

const digestOf = (content: WantedText): string | undefined =>
  typeof content === 'string' ? sha256(content) : content?.sha256;

export interface DirectorySpec {
  readonly path: string;
  readonly mode?: string;
  readonly owner?: string;
  readonly group?: string;
  /** A link to a folder elsewhere does, as on a bigger disk: rights and owner are then those of that folder. */
  readonly mayBeLink?: boolean;
}

export const directoryId = (path: string): string => `directory:${path}`;

export function directory(spec: DirectorySpec): Resource {
  const wanted = attributesOf(spec, '0755');
  const found = (seen: Observed): FileState => {
    const state = seen.file(spec.path) ?? { type: 'absent' };
    const target = spec.mayBeLink === true ? seen.file(behind(spec.path)) : undefined;
    return state.type === 'link' && target?.type === 'directory' ? target : state;
  };
  return {
    id: directoryId(spec.path),
    title: spec.path,
    watches: [spec.path, ...(spec.mayBeLink === true ? [behind(spec.path)] : [])].map((path) => ({
      kind: 'file',
      key: plain(path),
      read: 'digest',
    })),
    owns: [spec.path],
    diff(seen): Change {
      const state = found(seen);
      if (state.type !== 'directory')
        return { kind: 'create', summary: `folder ${wanted.mode} ${wanted.owner}:${wanted.group}` };
      const off = attributeDrift(state, wanted);
      return off.length > 0 ? { kind: 'update', summary: off.join('; ') } : none('as wanted');
    },
    steps: (_change, seen) => {
      const state = found(seen);
      if (state.type === 'link') {
        throw inTheWay(spec.path, `a link to ${state.target}`, 'folder', 'Mount the folder there instead.');
      }
      return [{ op: 'directory', path: spec.path, attributes: wanted }];
    },
  };
}

/** The folder itself, where its path may be a link. */
export const behind = (path: string): string => `${path}/.`;

/** A file that must not be there. */
export function absentFile(path: string, why: string): Resource {
  return {
    id: fileId(path),
    title: path,
    watches: [{ kind: 'file', key: plain(path), read: 'digest' }],
    diff: (seen) =>
      (seen.file(path)?.type ?? 'absent') === 'absent' ? none('absent') : { kind: 'delete', summary: why },
    steps: () => [{ op: 'remove', path }],
  };
}

/** Steps that put content at a path, whatever is in its place now. */
export function writing(
  path: string,
  content: Content,
  attributes: Attributes,
  state?: FileState,
  check?: string,
): Step[] {
  const write: Step = { op: 'write', path, content, attributes, ...(check === undefined ? {} : { check }) };
  if (state?.type === 'directory') {
    throw inTheWay(
      path,
      'a folder',
      'file',
      'Move it away; nothing is deleted that k8s-bootstrap did not write.',
    );
  }
  return [write];
}

const inTheWay = (path: string, found: string, wanted: 'file' | 'folder', hint: string): BootstrapError =>
  new BootstrapError('E_IN_THE_WAY', `${path} is ${found}, and a ${wanted} is wanted there`, {
    hint,
    where: { resource: wanted === 'file' ? fileId(path) : directoryId(path) },
  });

/** What of mode and owner differs, in words. */
export function attributeDrift(state: FileState, wanted: Attributes): string[] {
  if (state.type !== 'file' && state.type !== 'directory') return [];
  const owner = `${state.owner}:${state.group}`;
  const wantedOwner = `${wanted.owner}:${wanted.group}`;
  return [
    ...(state.mode === wanted.mode ? [] : [`mode ${state.mode} → ${wanted.mode}`]),
    ...(owner === wantedOwner ? [] : [`owner ${owner} → ${wantedOwner}`]),
  ];
}

export const PLAIN_PATH = /^\/[A-Za-z0-9._@+:/-]+$/;

/** A path that the probe's line format carries: absolute, no blanks, quotes or control characters. */
export function plain(path: string): string {
  if (PLAIN_PATH.test(path)) return path;
  throw new BootstrapError('E_PATH', `"${path}" is not a plain absolute path`, {
    hint: 'Use letters, digits and . _ @ + : - only.',
  });
}

const attributesOf = (spec: { mode?: string; owner?: string; group?: string }, mode: string): Attributes => ({
  mode: spec.mode ?? mode,
  owner: spec.owner ?? 'root',
  group: spec.group ?? spec.owner ?? 'root',
});

function sameBytes(state: FileState, content: string | LockedText, secret: boolean, seen: Observed): boolean {
  const digest = typeof content === 'string' ? sha256(content) : content.sha256;
  if (state.type !== 'file' || digest === undefined) return false;
  return state.sha256 === (secret ? sha256(seen.nonce + digest) : digest);
}

function sizeOf(content: WantedText): string {
  if (content === undefined) return 'made when applied';
  if (typeof content === 'string') return `${Buffer.byteLength(content)} bytes`;
  return content.sha256 === undefined ? 'compared when its key is unlocked' : `${content.bytes} bytes`;
}

/** The text that is there is asked for only where it is another one than is wanted. */
const shown = (
  spec: FileSpec,
  before: Buffer | undefined,
  content: WantedText,
): { text?: TextChange; toBeShown?: Watch[] } =>
  before === undefined && !spec.secret && typeof content === 'string'
    ? { toBeShown: [{ kind: 'file', key: spec.path, read: 'content' }] }
    : text(spec, before?.toString('utf8') ?? '', content);

const text = ({ path, secret }: FileSpec, before: string, content: WantedText): { text?: TextChange } =>
  secret || typeof content !== 'string' ? {} : { text: { path, before, after: content } };
