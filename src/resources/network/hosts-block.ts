import { BootstrapError } from '../../kernel/errors.ts';
import { quote } from '../../kernel/quote.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { keepOriginal } from '../os-settings.ts';
import { type Change, type Resource, none } from '../resource.ts';

const FILE = '/etc/hosts';
const BEGIN = '# BEGIN k8s-bootstrap: os.hosts of the inventory';
const END = '# END k8s-bootstrap';
const OURS =
  /^# BEGIN k8s-bootstrap\b.*\n(?:(?!# (?:BEGIN|END) k8s-bootstrap\b).*\n)*# END k8s-bootstrap$\n?/gm;

/**
 * Names that a host finds without DNS: a block of ours in /etc/hosts, that goes with the last of them. All other lines
 * are somebody else's and stay as they are, before it: of two lines for a name the first counts.
 */
export function hostsBlock(names: ReadonlyMap<string, string>): Resource {
  const watch: Watch = { kind: 'file', key: FILE, read: 'content' };
  const wanted = blockOf(names);
  return {
    id: 'hosts',
    title: `names in ${FILE}`,
    watches: [watch],
    ...(wanted === '' ? {} : { owns: [FILE] }),
    diff(seen): Change {
      const text = textOf(seen);
      if (text === undefined)
        return wanted === '' ? none('none wanted') : { kind: 'create', summary: summary(names) };
      const found = text.match(OURS) ?? [];
      if (found.join('') === wanted) return none('as wanted');
      const before = found.join('');
      const kind = before === '' ? 'create' : wanted === '' ? 'delete' : 'update';
      if (kind === 'delete') return { kind, summary: 'no names are wanted there any more' };
      return { kind, summary: summary(names), text: { path: FILE, before, after: wanted } };
    },
    steps: (_change, seen) => {
      refuseOtherThanText(seen);
      const others = (textOf(seen) ?? '').replaceAll(OURS, '');
      const kept = others === '' || others.endsWith('\n') ? others : `${others}\n`;
      return [{ op: 'run', title: `names in ${FILE}`, script: writing(kept + wanted) }];
    },
  };
}

const summary = ({ size }: ReadonlyMap<string, string>): string =>
  size === 1 ? 'one name' : `${size} names`;

function blockOf(names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return '';
  const lines = [...names].map(([name, ip]) => `${ip} ${name}`);
  return `${[BEGIN, ...lines, END].join('\n')}\n`;
}

function textOf(seen: Observed): string | undefined {
  const state = seen.file(FILE);
  return state?.type === 'file' ? state.content?.toString('utf8') : undefined;
}

/** What others wrote goes back as it was, or nothing is written. */
function refuseOtherThanText(seen: Observed): void {
  const state = seen.file(FILE);
  if (state !== undefined && state.type !== 'file' && state.type !== 'absent') {
    throw new BootstrapError(
      'E_IN_THE_WAY',
      `${FILE} is no file, but ${state.type === 'link' ? `a link to ${state.target}` : `a ${state.type}`}`,
      {
        hint: 'What it leads to may belong to something else. Put a file there, or take os.hosts out.',
        where: { resource: 'hosts' },
      },
    );
  }
  const content = state?.type === 'file' ? state.content : undefined;
  if (!content || Buffer.from(content.toString('utf8')).equals(content)) return;
  throw new BootstrapError('E_IN_THE_WAY', `${FILE} is no text in UTF-8`, {
    hint: 'Write its comments in ASCII: their bytes would not survive.',
    where: { resource: 'hosts' },
  });
}

/** A reader sees the old text or the new; its rights stay. */
const writing = (text: string): string => `${keepOriginal(FILE)}
t=$(mktemp ${FILE}.XXXXXX)
[ ! -f ${FILE} ] || cp -p ${FILE} "$t"
printf %s ${quote(text)} > "$t"
[ -s ${FILE} ] || chmod 0644 "$t"
put "$t" ${FILE}
if command -v restorecon > /dev/null; then restorecon ${FILE} || :; fi
edited ${FILE}`;
