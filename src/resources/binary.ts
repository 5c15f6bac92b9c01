import type { FileState } from '../probe/observe.ts';
import { attributeDrift, fileId, plain, writing } from './file.ts';
import { type Resource, none } from './resource.ts';
import type { Content, Download, Step } from './step.ts';

export interface BinarySpec {
  readonly path: string;
  /** Wanted digest, or `undefined` when nothing has pinned it yet: then an existing file is kept, unless it is another. */
  readonly sha256: string | undefined;
  /** Whether a digest is known as that of something else: of another version. */
  readonly isOther?: (sha256: string) => boolean;
  /** Where nothing has pinned it: whether it is known before the first change what is there, as an archive is fetched. */
  readonly comes?: () => boolean;
  readonly from: string;
  /** Throws where it may not be brought; asked as soon as it is known that it has to be. */
  readonly admit?: () => void;
  /** Brings the file to the controller, once for all hosts; or says where the host gets it by itself. */
  readonly source: (() => Promise<Content>) | Download;
}

/** An executable that travels as a stream; it is hashed on the host only when its inode has changed. */
export function binary(spec: BinarySpec): Resource {
  const { path, sha256: wantedDigest, isOther, comes, from, admit, source } = spec;
  const wanted = { mode: '0755', owner: 'root', group: 'root' };
  const current = (state: FileState): boolean =>
    state.type === 'file' &&
    (wantedDigest === undefined ? isOther?.(state.sha256) !== true : wantedDigest === state.sha256);
  return {
    id: fileId(path),
    title: path,
    watches: [{ kind: 'file', key: plain(path), read: 'digest' }],
    owns: [path],
    wants: () => wantedDigest,
    diff(seen) {
      const state = seen.file(path) ?? { type: 'absent' };
      if (!current(state)) {
        admit?.();
        return { kind: state.type === 'absent' ? 'create' : 'update', summary: from };
      }
      if (wantedDigest === undefined && comes?.() === true) {
        return {
          kind: 'unknown',
          summary: `whether it is ${from}`,
          waitsFor: 'its published archive, which is fetched first',
        };
      }
      const off = attributeDrift(state, wanted);
      return off.length > 0 ? { kind: 'update', summary: off.join('; ') } : none(`is ${from}`);
    },
    async steps(_change, seen): Promise<Step[]> {
      const state = seen.file(path);
      if (state?.type === 'file' && current(state)) {
        return [{ op: 'attributes', path, attributes: wanted, sha256: state.sha256 }];
      }
      if (typeof source !== 'function') return [{ op: 'fetch', path, attributes: wanted, ...source }];
      return writing(path, await source(), wanted, state);
    },
  };
}
