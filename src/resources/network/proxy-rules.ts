import { sh } from '../../kernel/quote.ts';
import { type Change, type Resource, none } from '../resource.ts';

export type ProxyMode = 'iptables' | 'ipvs';

/** Where kube-proxy in mode ipvs puts the addresses of all services. */
const DUMMY = '/sys/class/net/kube-ipvs0';

/**
 * Shell that ends with 0 where a mode has left something. The chains of services are asked for by name: those that both
 * modes have tell nothing.
 */
const LEFT: Readonly<Record<ProxyMode, string>> = {
  iptables: `iptables -w -t nat -S 2>/dev/null | grep -q '^-N KUBE-S\\(VC\\|EP\\)-'`,
  ipvs: `[ -d ${DUMMY} ]`,
};

/**
 * What a kube-proxy of the other mode has set: since 1.15 none takes it away by itself.
 * https://github.com/kubernetes/kubernetes/pull/76109
 * `--cleanup` of 1.16 takes chains, device and sets, but leaves the table of ipvs (the option that would empty it is
 * not read: cmd/kube-proxy/app/server_others.go). It also ends with an error where something was not there, so what
 * counts is what is left. The proxy is stopped before, or it would set anew what goes; its service is started after.
 * @param binary path of kube-proxy
 */
export function withoutProxyRules({ mode, binary }: { mode: ProxyMode; binary: string }): Resource {
  const question = `proxy-rules:${mode}`;
  return {
    id: question,
    title: `rules of kube-proxy in mode ${mode}`,
    watches: [{ kind: 'answer', key: question, script: LEFT[mode] }],
    diff: (seen): Change =>
      seen.answer(question)?.code === 0
        ? { kind: 'delete', summary: 'left by the mode before' }
        : none('there are none'),
    steps: () => [
      { op: 'unit', verb: 'stop', unit: 'kube-proxy.service' },
      {
        op: 'run',
        title: `take away the rules of mode ${mode}`,
        script: `${mode === 'ipvs' ? 'ipvsadm -C\n' : ''}${sh`timeout 120 ${binary} --cleanup`} || :
if ${LEFT[mode]}; then echo 'rules of kube-proxy are still there' >&2; exit 1; fi`,
      },
    ],
  };
}
