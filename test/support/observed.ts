import type {
  Answer,
  ApiAnswer,
  FileState,
  HttpAnswer,
  Observed,
  SysctlLine,
  UnitState,
} from '../../src/probe/observe.ts';
import { sha256 } from '../../src/resources/content.ts';
import { saltedDigest } from '../../src/probe/probers/files.ts';

/** What was seen of a host, as a test or a case file writes it. What is left out was not asked. */
export interface SeenSpec {
  readonly files?: Readonly<Record<string, FileSpec>>;
  readonly units?: Readonly<Record<string, Partial<UnitState>>>;
  readonly packages?: Readonly<Record<string, string>>;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly sysctlsAtBoot?: Readonly<Record<string, readonly SysctlLine[]>>;
  readonly modules?: Readonly<Record<string, 'loaded' | 'builtin' | 'absent'>>;
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly objects?: Readonly<Record<string, ApiAnswer>>;
  readonly endpoints?: Readonly<Record<string, HttpAnswer>>;
}

/** `content` stands for a file that is read as a whole, `digestOf` for one of which only the digest comes. */
interface FileSpec {
  readonly type?: FileState['type'];
  readonly mode?: string;
  readonly owner?: string;
  readonly content?: string;
  readonly digestOf?: string;
  readonly secretOf?: string;
  readonly target?: string;
}

/** A running, enabled unit that runs what is on disk. */
const running: UnitState = {
  load: 'loaded',
  active: 'active',
  sub: 'running',
  enabled: 'enabled',
  needsReload: false,
  runningRevision: 'r1',
  diskRevision: 'r1',
  binaryReplaced: false,
  startedAt: '',
  fragment: '',
  dropIns: [],
};

export const NONCE = 'nonce';

export function observed(seen: SeenSpec): Observed {
  return {
    nonce: NONCE,
    clock: 0,
    file: (path) => (seen.files?.[path] ? stateOf(seen.files[path]) : undefined),
    unit: (name) => (seen.units?.[name] ? { ...running, ...seen.units[name] } : undefined),
    package: (name) => seen.packages?.[name],
    sysctl: (key) => seen.sysctls?.[key],
    sysctlAtBoot: (key) => seen.sysctlsAtBoot?.[key],
    module: (name) => seen.modules?.[name],
    answer: (key) => seen.answers?.[key],
    object: (path) => seen.objects?.[path],
    endpoint: (url) => seen.endpoints?.[url],
  };
}

function stateOf({ type = 'file', mode = '0644', owner = 'root:root', ...rest }: FileSpec): FileState {
  const [user = '', group = ''] = owner.split(':');
  switch (type) {
    case 'absent':
      return { type };
    case 'link':
      return { type, target: rest.target ?? '' };
    case 'other':
      return { type, description: 'fifo' };
    case 'directory':
      return { type, mode, owner: user, group };
    case 'file': {
      const text = rest.content ?? rest.digestOf ?? rest.secretOf ?? '';
      return {
        type,
        mode,
        owner: user,
        group,
        size: Buffer.byteLength(text),
        sha256: rest.secretOf === undefined ? sha256(text) : saltedDigest(NONCE, text),
        ...(rest.content === undefined ? {} : { content: Buffer.from(text) }),
      };
    }
  }
}
