import { quote } from '../../../kernel/quote.ts';
import { caFilesOf } from '../../../pki/profiles.ts';
import { kubectl as ownKubectl } from '../../../resources/cluster/kube-api.ts';

const TOKENS = '--all-namespaces --field-selector type=kubernetes.io/service-account-token';

/** A line for each secret: `NAMESPACE/NAME TAB FIELD…`. Its name is there also where a field is empty. */
const secrets = (kubectl: string, ...fields: string[]): string => {
  const columns = ['{.metadata.namespace}/{.metadata.name}', ...fields.map((field) => `{${field}}`)];
  return `${kubectl} get secrets ${TOKENS} -o ${quote(`jsonpath={range .items[*]}${columns.join('{"\\t"}')}{"\\n"}{end}`)}`;
};

/**
 * Says how many secrets of tokens have other authorities in them than the master has, and the first of them; fails where
 * nobody answers. One without a token never had one, or gets all of it at once.
 */
export const bundleQuestion = (kubectl = ownKubectl, ca = caFilesOf('cluster').certificate): string =>
  `if all=$(${secrets(kubectl, '.data.ca\\.crt', '.data.token')}); then
  printf '%s\\n' "$all" | awk -F '\\t' -v ca="$(base64 -w0 < ${quote(ca)})" '$3 != "" && $2 != ca { if (n++ < 5) names = names " " $1 } END { print n + 0 names }'
else
  false
fi`;

/**
 * Whether a token, as its secret has it, was signed with a key: by what its header says, which is read in the shell and
 * told to nobody.
 */
const signed = (kid: string): string => `signed() {
  head=$(printf %s "$1" | base64 -d 2> /dev/null | cut -d. -f1 | tr '_-' '/+')
  printf '%s==' "$head" | base64 -d 2> /dev/null | grep -qF -e ${quote(`"kid":"${kid}"`)}
}`;

/** Says how many tokens another key has signed, and the first of them; fails where nobody answers. */
export const tokensQuestion = (kid: string, kubectl = ownKubectl): string => `${signed(kid)}
tab=$(printf '\\t')
if all=$(${secrets(kubectl, '.data.token')}); then
  printf '%s\\n' "$all" | {
    left=0 names=
    while IFS=$tab read -r name token; do
      if [ -z "$token" ] || signed "$token"; then continue; fi
      left=$((left + 1))
      [ "$left" -gt 5 ] || names="$names $name"
    done
    echo "$left$names"
  }
else
  false
fi`;

/**
 * Takes those tokens out of their secrets, one namespace after the other, and waits for a minute until each has another.
 * A secret that is gone meanwhile needs none, and one that never had a token is nobody's.
 */
export const renewalScript = (kid: string, kubectl = ownKubectl): string => `${signed(kid)}
tab=$(printf '\\t')
all=$(${secrets(kubectl, '.data.token')}) || exit 1
emptied=$(printf '%s\\n' "$all" | while IFS=$tab read -r name token; do
  if [ -z "$token" ] || signed "$token"; then continue; fi
  if ${kubectl} patch secret -n "\${name%/*}" "\${name#*/}" --type=json -p '[{"op":"remove","path":"/data/token"}]' < /dev/null > /dev/null; then
    echo "$name"
  elif [ -n "$(${kubectl} get secret -n "\${name%/*}" "\${name#*/}" --ignore-not-found -o name < /dev/null)" ]; then
    exit 1
  fi
done) || exit 1
patience=60
for name in $emptied; do
  until [ "$patience" -eq 0 ] || [ -n "$(${kubectl} get secret -n "\${name%/*}" "\${name#*/}" --ignore-not-found -o 'jsonpath={.data.token}' < /dev/null)" ]; do
    patience=$((patience - 1))
    sleep 1
  done
done`;
