import { podsHaveNoToken } from './tokens.ts';
import type { Rule } from './rule.ts';

const AT = ['dns'];

/** It asks the API server for services with the token of its ServiceAccount. */
export const dnsHasAToken: Rule = (inventory, report) => {
  if (inventory.dns.provider === 'none') return;
  const who = podsHaveNoToken(inventory);
  if (who === undefined) return;
  report.error([...AT, 'provider'], `CoreDNS needs a token, and ${who} turns ServiceAccount admission off`, {
    hint: 'Set apiServer: {extraArgs: {disable-admission-plugins: null}}, or dns: {provider: none}.',
  });
};

/** A question that comes back to CoreDNS goes round until the pod is ended. */
export const upstreamIsAnother: Rule = ({ dns, network }, report) => {
  const { provider, upstream } = dns;
  if (upstream === undefined) return;
  if (provider === 'none') {
    report.error([...AT, 'upstream'], 'nobody asks it: dns.provider is none', { atKey: true });
    return;
  }
  upstream.forEach((server, index) => {
    const [ip = ''] = server.split(':');
    const itself =
      ip === network.dnsIP
        ? 'the address of CoreDNS itself'
        : /^(?:127\.|0\.0\.0\.0$)/.test(ip) && 'the pod itself, where CoreDNS runs';
    if (itself === false) return;
    report.error([...AT, 'upstream', index], `${server} is ${itself}`, {
      hint: 'Write a server that pods can reach, like the one in /etc/resolv.conf of the hosts.',
    });
  });
};
