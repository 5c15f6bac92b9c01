import { quote, sh } from '../../../kernel/quote.ts';
import { CHECK_LABEL } from './claim-objects.ts';
import { prelude } from '../frames.ts';
import { kubectl } from '../../../resources/cluster/kube-api.ts';

/** Seconds until a claim must be bound, and until all pods must have ended. */
export const LIMITS = { bound: 60, pods: 180 } as const;

/** Asks a master, before anything is made: does its API answer, which nodes are there, is there such a class. */
export const lookScript = (nonce: string, storageClass: string): string =>
  [
    prelude(nonce),
    `K=${quote(`${kubectl} --request-timeout=10s`)}`,
    'if step healthz 15 $K get --raw /healthz; then',
    `step nodes 15 $K get nodes -o ${quote(NODES)}`,
    sh`step class 15 $K get storageclass ${storageClass} -o name`,
    sh`step others 15 $K get namespaces -l ${CHECK_LABEL} -o name`,
    'fi',
  ].join('\n');

/** Name, whether it is Ready, and its images, a node a line. */
const NODES =
  'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.status.conditions[?(@.type=="Ready")].status}{"\\t"}{.status.images[*].names[*]}{"\\n"}{end}';

export interface ClaimScript {
  readonly nonce: string;
  readonly namespace: string;
  readonly provisioner: { readonly namespace: string };
  /** Bytes of the two lists that follow on stdin: the claim, then the pods. */
  readonly sizes: readonly [number, number];
}

/**
 * Makes the claim, then the pods, waits for both, and tells how they ended. Everything goes when the script ends, also
 * when nobody listens any more: it says a word each second, and notices.
 */
export const claimScript = ({ nonce, namespace, provisioner, sizes }: ClaimScript): string =>
  [
    prelude(nonce),
    `K=${quote(`${kubectl} --request-timeout=20s`)}`,
    sh`NS=${namespace}`,
    sh`PNS=${provisioner.namespace}`,
    sh`head -c ${sizes[0]} <&3 >"$D/claim"; head -c ${sizes[1]} <&3 >"$D/pods"`,
    BODY,
  ].join('\n');

/** For a run that was broken off: the script cleans up by itself, this waits for it. */
export const goneScript = (namespace: string): string =>
  sh`${kubectl.split(' ')} delete namespace ${namespace} --ignore-not-found --timeout=90s`;

const BODY = `V=
clean() {
  step deleted 120 $K delete namespace "$NS" --ignore-not-found --timeout=110s
  if [ -n "$V" ]; then
    # One that is retained goes with its claim; the others their provisioner takes away.
    [ "$P" != Retain ] || timeout 30 $K delete pv "$V" --ignore-not-found >/dev/null 2>&1
    n=0
    while [ $n -lt 30 ] && timeout 25 $K get pv "$V" >/dev/null 2>&1; do n=$((n + 1)); sleep 1; done
    step volume-left 25 $K get pv "$V" --ignore-not-found -o name
  fi
  rm -f -- "$D/out" "$D/claim" "$D/pods"
  rmdir -- "$D"
}
# Ends the script when nobody reads.
tick() { echo "$N tick 0 0" 2>/dev/null || exit 141; }
since() { echo $((($(date +%s%N) - start) / 1000000)); }
facts() {
  step facts 25 $K -n "$NS" get pvc,pods,events -o json
  step provisioner 25 $K -n "$PNS" get events -o json
}
step create 25 $K create -f "$D/claim" || exit 0
start=$(date +%s%N)
while :; do
  tick
  timeout 25 $K -n "$NS" get pvc claim -o 'jsonpath={.status.phase} {.spec.volumeName}' >"$D/out" 2>&1 </dev/null
  read -r phase V <"$D/out" || :
  [ "$phase" != Bound ] || break
  V=
  if [ "$(since)" -gt ${LIMITS.bound}000 ]; then
    tell bound 1 "$(since)"
    facts
    exit 0
  fi
  sleep 1
done
tell bound 0 "$(since)"
P=$(timeout 25 $K get pv "$V" -o 'jsonpath={.spec.persistentVolumeReclaimPolicy}' </dev/null)
step volume 25 $K get pv "$V" -o json
# The namespace gets its service account a moment later.
for n in 1 2 3 4 5; do
  tick
  step pods 25 $K apply -f "$D/pods" && break
  sleep 1
done
start=$(date +%s%N)
while :; do
  tick
  if timeout 25 $K -n "$NS" get pods -o 'jsonpath={.items[*].status.phase}' >"$D/out" 2>/dev/null </dev/null; then
    grep -qE 'Pending|Running|Unknown' "$D/out" || break
  fi
  [ "$(since)" -le ${LIMITS.pods}000 ] || break
  sleep 1
done
tell ended 0 "$(since)"
facts`;
