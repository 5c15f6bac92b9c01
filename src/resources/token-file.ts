import { quote } from '../kernel/quote.ts';
import { someOf } from '../kernel/some-of.ts';
import { bytes, secretBytes, sha256 } from './content.ts';
import { attributeDrift, fileId, plain, writing } from './file.ts';
import { manifestOf, manifestWatch } from './manifest.ts';
import type { Observed, Watch } from '../probe/observe.ts';
import { folderOf } from './steps/files.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Step } from './step.ts';

export interface TokenFileSpec {
  readonly path: string;
  /** Our rows as `tokenText` makes them; `undefined` while a token of theirs has not been made. */
  readonly rows: string | undefined;
  /** Whom those rows are of, and of whom there is to be no other. */
  readonly users: readonly string[];
  /** Whether a row of our form goes that is none of theirs; others stay as they are. */
  readonly goes: (user: string) => boolean;
  /** Whether anybody is to log in by token: without one the file goes, as soon as there are no rows of others. */
  readonly wanted: boolean;
}

/** What is known of the token file of a host; no token and no digest of one is in it. */
export interface TokenFileFacts {
  /** Users of rows of our form, and of the rows of others. */
  readonly own: readonly string[];
  readonly others: readonly string[];
  /** How many rows begin as ours do and have not the form. */
  readonly spoiled: number;
}

/**
 * Begins the uid of every row of ours: on a host it tells them from the rows that others have written,
 * also when the state folder was lost.
 */
export const UID_PREFIX = 'k8s-bootstrap:';

const KEY = 'tokens';
const ATTRIBUTES = { mode: '0600', owner: 'root', group: 'root' } as const;

/**
 * The file of bearer tokens. It is shared with whoever wrote rows into it by hand, and with users whom this state folder
 * does not know: what is theirs is kept byte by byte, so it is merged on the host, and the controller never sees it. What
 * comes back from a probe is who has rows, and one digest over those of our users, salted with the probe's nonce.
 */
export function tokenFile({ path, rows, users, goes, wanted }: TokenFileSpec): Resource {
  const ours = new Set(users);
  const sorted = ({ own, spoiled }: TokenFileFacts): { gone: string[]; kept: string[]; spoiled: number } => {
    const rest = own.filter((name) => !ours.has(name));
    return { gone: rest.filter(goes), kept: rest.filter((name) => !goes(name)), spoiled };
  };
  return {
    id: fileId(path),
    title: path,
    watches: [...tokenWatches(path), rowsWatch(path, users)],
    owns: wanted ? [path] : [],
    wants: () => rows && sha256(rows),
    diff(seen): Change {
      const state = seen.file(path) ?? { type: 'absent' };
      const facts = tokenFacts(seen);
      const { gone, kept, spoiled } = sorted(facts);
      const hasOurs = facts.own.length > kept.length || spoiled > 0;
      if (!wanted && !hasOurs) return none('nobody logs in by token');
      const label = `secret, ${rows === undefined ? 'made when applied' : count(rows)}`;
      const stays = [
        ...(facts.others.length === 0 ? [] : [`${facts.others.length} of others kept`]),
        ...unknown(kept),
      ];
      const all = (more: readonly string[]): string => [label, ...more, ...stays].join('; ');
      if (!wanted) return { kind: stays.length === 0 ? 'delete' : 'update', summary: all([]) };
      if (state.type !== 'file') return { kind: 'create', summary: label };
      const off = attributeDrift(state, ATTRIBUTES);
      const same = gone.length + spoiled === 0 && rows !== undefined && sameRows(seen, users, rows);
      if (same && off.length === 0) return none('as wanted');
      return { kind: 'update', summary: same ? off.join('; ') : all(off) };
    },
    steps(_change, seen): Step[] {
      const own = rows ?? '';
      // Refuses a folder in its place; the rest of that step is not ours to use, the merge is made on the host.
      writing(path, bytes(''), ATTRIBUTES, seen.file(path));
      const replaced = [...new Set([...users, ...sorted(tokenFacts(seen)).gone])];
      return [
        {
          op: 'run',
          title: `merge ${count(own)} into ${path}`,
          script: merging(path, own),
          stdin: secretBytes([...replaced, '', own].join('\n')),
        },
      ];
    },
  };
}

const unknown = (names: readonly string[]): string[] => {
  if (names.length === 0) return [];
  const rows = names.length === 1 ? '1 row' : `${names.length} rows`;
  const shown = [...new Set(names)].sort();
  return [`keeps ${rows} of users that this state folder does not know: ${someOf(shown)}`];
};

/**
 * Whether rows that are not ours to say are in a file that we have written: their owners log in by it.
 * @param stays of whom a row of our form stays
 */
export function servesOthers(
  path: string,
  seen: Observed | undefined,
  stays: (user: string) => boolean,
): boolean {
  if (seen === undefined || !manifestOf(seen).has(path)) return false;
  const { own, others } = tokenFacts(seen);
  return others.length > 0 || own.some(stays);
}

/** Asked on every master, whether anybody has a token or not. */
export const tokenWatches = (path: string): Watch[] => [
  { kind: 'file', key: plain(path), read: 'secret' },
  { kind: 'answer', key: KEY, script: question(path) },
  manifestWatch,
];

/** About rows of certain users: of others it is another question. */
const rowsWatch = (path: string, users: readonly string[]): Watch => ({
  kind: 'answer',
  key: rowsKey(users),
  script: digesting(path, users),
});

const rowsKey = (users: readonly string[]): string => `${KEY} of ${sha256(users.join('\n'))}`;

export function tokenFacts(seen: Observed): TokenFileFacts {
  const lines = (seen.answer(KEY)?.output ?? '').split('\n');
  const named = (verb: string): string[] =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1));
  return {
    own: named('own'),
    others: named('other'),
    spoiled: lines.filter((line) => line === 'spoiled').length,
  };
}

function sameRows(seen: Observed, users: readonly string[], rows: string): boolean {
  const [, nonce = '', digest] =
    /^rows (\S+) ([0-9a-f]{64})\b/.exec(seen.answer(rowsKey(users))?.output ?? '') ?? [];
  return digest === sha256(`${nonce}\n${rows}`) && /^twice 0$/m.test(seen.answer(KEY)?.output ?? '');
}

const linesIn = (rows: string): number => rows.split('\n').length - 1;

const count = (rows: string): string => {
  const number = linesIn(rows);
  return `${number} ${number === 1 ? 'row' : 'rows'}`;
};

/**
 * awk: `t`, `n` and `u` are the token, the user and the uid of a row; `ours` is 1 of a row of our form, 2 of one that only
 * begins like it. A name is told only where the row is plain enough that it cannot be a part of a token.
 */
const COLUMNS = `{
    t = $1; n = $2; u = $3; gsub(/"/, "", t); gsub(/"/, "", n); gsub(/"/, "", u)
    if ($1 !~ /^("[^"]*"|[^"]*)$/) n = "?"
    ours = u !~ /^${UID_PREFIX}/ ? 0 : n != "?" && u == "${UID_PREFIX}" n ? 1 : 2
  }`;

const question = (path: string): string => `
f=${quote(path)}
if [ -f "$f" ] && [ ! -L "$f" ]; then
  LC_ALL=C awk -F, '${COLUMNS} NF == 0 { next } seen[t]++ { twice++ }
    { print (ours == 2 ? "spoiled" : (ours ? "own " : "other ") n) } END { print "twice", twice + 0 }' "$f"
fi`;

const digesting = (path: string, users: readonly string[]): string => `
f=${quote(path)}
if [ -f "$f" ] && [ ! -L "$f" ]; then
  printf 'rows %s ' "$N"
  printf '%s\\n' "$N" ${users.map(quote).join(' ')} | LC_ALL=C awk -F, 'list { if (salt++) known[$0]; else print; next }
    ${COLUMNS} ours == 1 && (n in known)' list=1 - list=0 "$f" | sha256sum
fi`;

/**
 * On stdin come the users whose rows go, an empty line, and our rows, which go last; all else is kept, but for a row with
 * a token of ours, which the last row would shadow anyway. The result has to be a file that kube-apiserver starts with,
 * or the old one stays.
 */
const merging = (path: string, own: string): string => `
f=${quote(path)}
stage ${quote(folderOf(path))}
old=/dev/null
if [ -f "$f" ] && [ ! -L "$f" ]; then old=$f; fi
LC_ALL=C awk -F, 'given && !body { if ($0 == "") body = 1; else goes[$0]; next }
  ${COLUMNS}
  given { row[++rows] = $0; token[t]; next }
  ours == 2 || (ours && (n in goes)) || (t in token) { next }
  { print }
  END { for (i = 1; i <= rows; i++) print row[i] }' given=1 - given=0 "$old" > "$t"
sum=$(tail -n ${linesIn(own)} "$t" | sha256sum)
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
