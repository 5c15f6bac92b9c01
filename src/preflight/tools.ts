import { type Check, error, warn } from './check.ts';

/** What is not known of a host without a program, and the package that has it; a cluster is not made without some. */
const TOOLS: Readonly<Record<string, { tells: string; from: string; needed?: true }>> = {
  ss: { tells: 'which ports are in use', from: 'iproute, on Debian iproute2' },
  ip: { tells: 'where it is in the network', from: 'iproute, on Debian iproute2', needed: true },
  df: { tells: 'how much room there is', from: 'coreutils' },
  getent: { tells: 'who a name is', from: 'glibc-common, on Debian libc-bin' },
  curl: { tells: 'whether components are well', from: 'curl', needed: true },
  systemctl: { tells: 'which units run', from: 'systemd', needed: true },
  rpm: { tells: 'which packages are installed', from: 'rpm', needed: true },
  'dpkg-query': { tells: 'which packages are installed', from: 'dpkg', needed: true },
  awk: { tells: 'what kind of machine it is', from: 'gawk', needed: true },
  sed: { tells: 'what stands in its files', from: 'sed', needed: true },
  sha256sum: { tells: 'what its files hold', from: 'coreutils', needed: true },
  stat: { tells: 'whose its files are', from: 'coreutils', needed: true },
};

/** An answer that could not be had is never read as "no". */
export const toolsCheck: Check = {
  id: 'tools',
  title: 'the host can answer what is asked of it',
  check: ({ facts: { unanswered } }) =>
    Object.entries(TOOLS).flatMap(([name, { tells, from, needed }]) => {
      if (!unanswered.includes(name)) return [];
      const tell = needed ? error : warn;
      return tell(`${name} does not answer: ${tells} is not known`, `Install it (package ${from}).`);
    }),
};
