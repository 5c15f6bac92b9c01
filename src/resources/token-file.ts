import { quote } from '../kernel/quote.ts';
import { bytes, sha256 } from './content.ts';
import { attributeDrift, fileId, plain, writing } from './file.ts';
import { manifestOf, manifestWatch } from './manifest.ts';
import type { Observed, Watch } from '../probe/observe.ts';
import { saltedDigest } from '../probe/probers/files.ts';
import { folderOf } from './steps/files.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Step } from './step.ts';

export interface TokenFileSpec {
  readonly path: string;
  /** Our rows as `tokenText` makes them; `undefined` while a token of theirs has not been made. */
  readonly rows: string | undefined;
  /** Whether anybody is to log in by token: without one the file goes, as soon as there are no rows of others. */
  readonly wanted: boolean;
}

/** What is known of the token file of a host; no token and no digest of one is in it. */
export interface TokenFileFacts {
  /** Users of our own rows, and of the rows of others. */
  readonly own: readonly string[];
  readonly others: readonly string[];
}

/**
 * Begins the uid of every row of ours: on a host it tells them from the rows that others have written,
 * also when the state folder was lost.
 */
export const UID_PREFIX = 'k8s-bootstrap:';

const KEY = 'tokens';
const ATTRIBUTES = { mode: '0600', owner: 'root', group: 'root' } as const;

/**
 * The file of bearer tokens. It is shared with whoever wrote rows into it by hand: theirs are kept byte by byte, so
 * it is merged on the host, and the controller never sees it. What comes back from a probe is who has rows, and one
 * digest over our own, salted with the probe's nonce.
 */
export function tokenFile({ path, rows, wanted }: TokenFileSpec): Resource {
  return {
    id: fileId(path),
    title: path,
    watches: tokenWatches(path),
    owns: wanted ? [path] : [],
    diff(seen): Change {
      const state = seen.file(path) ?? { type: 'absent' };
      const { own, others } = tokenFacts(seen);
      if (!wanted && own.length === 0) return none('nobody logs in by token');
      const label = `secret, ${rows === undefined ? 'made when applied' : count(rows)}`;
      const kept = others.length === 0 ? '' : `; ${others.length} of others kept`;
      if (!wanted) return { kind: others.length === 0 ? 'delete' : 'update', summary: `${label}${kept}` };
      if (state.type !== 'file') return { kind: 'create', summary: label };
      const off = attributeDrift(state, ATTRIBUTES);
      const same = rows !== undefined && sameRows(seen, rows);
      if (same && off.length === 0) return none('as wanted');
      return { kind: 'update', summary: same ? off.join('; ') : `${[label, ...off].join('; ')}${kept}` };
    },
    steps(_change, seen): Step[] {
      const own = rows ?? '';
      // Refuses a folder in its place; the rest of that step is not ours to use, the merge is made on the host.
      writing(path, bytes(''), ATTRIBUTES, seen.file(path));
      return [
        {
          op: 'run',
          title: `merge ${count(own)} into ${path}`,
          script: merging(path, own),
          stdin: bytes(own),
        },
      ];
    },
  };
}

/** Whether rows of others are in a file that we have written: their owners log in by it. */
export const servesOthers = (path: string, seen: Observed | undefined): boolean =>
  seen !== undefined && tokenFacts(seen).others.length > 0 && manifestOf(seen).has(path);

/** Asked on every master, whether anybody has a token or not. */
export const tokenWatches = (path: string): Watch[] => [
  { kind: 'file', key: plain(path), read: 'secret' },
  { kind: 'answer', key: KEY, script: question(path) },
  manifestWatch,
];

export function tokenFacts(seen: Observed): TokenFileFacts {
  const lines = (seen.answer(KEY)?.output ?? '').split('\n');
  const named = (verb: string): string[] =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1));
  return { own: named('own'), others: named('other') };
}

function sameRows(seen: Observed, rows: string): boolean {
  const output = seen.answer(KEY)?.output ?? '';
  const [, nonce = '', digest] = /^rows (\S+) ([0-9a-f]{64})$/m.exec(output) ?? [];
  return digest === saltedDigest(nonce, rows) && /^twice 0$/m.test(output);
}

const count = (rows: string): string => {
  const number = rows.split('\n').length - 1;
  return `${number} ${number === 1 ? 'row' : 'rows'}`;
};

/** awk: `t` and `u` are the token and the uid of a row, `u ~ OURS` tells whether it is ours. */
const COLUMNS = '{ t = $1; u = $3; gsub(/"/, "", t); gsub(/"/, "", u) }';
const OURS = `/^${UID_PREFIX}/`;

/** A name is told only where the row is plain enough that it cannot be a part of a token. */
const question = (path: string): string => `
f=${quote(path)}
if [ -f "$f" ] && [ ! -L "$f" ]; then
  LC_ALL=C awk -F, '${COLUMNS} NF == 0 { next } seen[t]++ { twice++ }
    { n = $2; gsub(/"/, "", n); if ($1 !~ /^("[^"]*"|[^"]*)$/) n = "?"; print (u ~ ${OURS} ? "own " : "other ") n }
    END { print "twice", twice + 0 }' "$f"
  sum=$(LC_ALL=C awk -F, '${COLUMNS} u ~ ${OURS}' "$f" | sha256sum)
  salted=$(printf '%s%s' "$N" "\${sum%% *}" | sha256sum)
  printf 'rows %s %s\\n' "$N" "\${salted%% *}"
fi`;

/**
 * Ours come on stdin and go last; theirs are kept, but for one with a token of ours, which the last row would shadow
 * anyway. The result has to be a file that kube-apiserver starts with, or the old one stays.
 */
const merging = (path: string, own: string): string => `
f=${quote(path)}
stage ${quote(folderOf(path))}
old=/dev/null
if [ -f "$f" ] && [ ! -L "$f" ]; then old=$f; fi
LC_ALL=C awk -F, '${COLUMNS}
  ours { row[++rows] = $0; token[t]; next }
  u ~ ${OURS} || (t in token) { next }
  { print }
  END { for (i = 1; i <= rows; i++) print row[i] }' ours=1 - ours=0 "$old" > "$t"
sum=$(LC_ALL=C awk -F, '${COLUMNS} u ~ ${OURS}' "$t" | sha256sum)
if [ "\${sum%% *}" != ${quote(sha256(own))} ]; then echo 'the merged token file does not hold the rows it should'; exit 65; fi
LC_ALL=C awk -F, 'NF == 0 { next }
  { q = $0; if (NF < 3 || gsub(/"/, "", q) % 2) { print "row " NR " is not one that kube-apiserver starts with: token,user,uid,\\"groups\\""; bad = 1 } }
  END { exit bad }' "$t" || { echo "correct $f by hand; it was left as it is"; exit 65; }
if [ -s "$t" ]; then
  chown -- root:root "$t"
  chmod -- 0600 "$t"
  sum=$(sha256sum < "$t")
  own "$f" "\${sum%% *}"
  # Rows of others live on in the file itself: no original is to come back over it one day.
  rm -f -- "$S/originals$f"
  put "$t" "$f"
  label "$f"
else
  own "$f" removed
  rm -f -- "$f"
  disown "$f"
fi`;
