import { isRange } from '../schema/registry-fields.ts';
import type { Host } from '../types.ts';
import { hasRole, type Report, type Rule } from './rule.ts';

/** What docker's `registry-mirrors` refuses, which then does not start. https://github.com/moby/moby/blob/v19.03.0/registry/config.go */
export const dockerMirrorIsBare = (url: string): boolean => {
  const { pathname, username, password } = new URL(url);
  return pathname === '/' && username === '' && password === '';
};

export const mirrorsFitDocker: Rule = ({ hosts, runtime }, report) => {
  if (!hosts.some((host) => isNode(host) && host.runtime === 'docker')) return;
  (runtime.mirrors['docker.io'] ?? []).forEach((mirror, index) => {
    if (!dockerMirrorIsBare(mirror)) refuseMirror(report, mirror, index);
  });
};

function refuseMirror(report: Report, mirror: string, index: number): void {
  const { protocol, host } = new URL(mirror);
  report.error(
    ['runtime', 'mirrors', 'docker.io', index],
    'docker starts with no mirror that has a path, a user or a password',
    { hint: `Write ${protocol}//${host}, or set runtime: containerd for those hosts.` },
  );
}

export const rangesOfRegistriesAreForDocker: Rule = ({ hosts, runtime }, report) => {
  const other = hosts.find((host) => isNode(host) && host.runtime !== 'docker');
  if (!other) return;
  runtime.insecureRegistries.forEach((registry, index) => {
    if (!isRange(registry)) return;
    report.error(
      ['runtime', 'insecureRegistries', index],
      `${registry} is a range, which only docker knows, and ${other.name} has runtime ${other.runtime}`,
      { hint: 'Write each registry by itself, as host:port, or set runtime.default: docker.' },
    );
  });
};

const isNode = (host: Host): boolean => hasRole(host, 'master', 'worker');
