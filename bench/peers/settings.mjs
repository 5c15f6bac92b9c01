// How each peer is told where the hosts are and how to work: its best settings, one file each in a folder.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';

/** ssh's own configuration, which all peers read: keys, known hosts, the way through jump hosts. */
export function sshConfig(inventory, file, folder) {
  const knownHosts = join(dirname(file), '.k8s-bootstrap', inventory.name, 'known_hosts');
  const config = join(folder, 'ssh_config');
  const all = inventory.hosts.flatMap((host) => {
    const ssh = { ...inventory.ssh, ...host.ssh };
    const via = ssh.jump ? [`  ProxyCommand ssh -F ${config} -W %h:%p ${ssh.jump}`] : [];
    const keys = (names) => names.map((key) => `  IdentityFile ${key}`);
    const known = ['  StrictHostKeyChecking yes', `  UserKnownHostsFile ${knownHosts}`];
    const common = [`  HostName ${host.address}`, ...known, '  IdentitiesOnly yes', '  LogLevel ERROR'];
    const own = [`Host ${host.name}`, ...common, `  User ${ssh.user}`, ...keys(ssh.keys), ...via];
    return [...own, `Host root-${host.name}`, ...common, ...keys(inventory.ssh.keys)];
  });
  writeFileSync(config, `${all.join('\n')}\n`, { mode: 0o600 });
  return config;
}

/** @param wanted by host name, see `wanted.mjs` */
export function ansible(inventory, config, wanted, folder) {
  const hosts = inventory.hosts.map((host) => {
    const { user, password, sudo } = { ...inventory.ssh, ...host.ssh };
    const login = password === undefined ? {} : { ansible_password: password };
    const become = sudo?.password === undefined ? {} : { ansible_become_password: sudo.password };
    const known = { ansible_user: user, ansible_become: user !== 'root', ...login, ...become };
    return [host.name, { ...known, wanted: wanted.get(host.name) }];
  });
  writeFileSync(join(folder, 'hosts.yaml'), dump({ all: { hosts: Object.fromEntries(hosts) } }), {
    mode: 0o600,
  });
  // All that counts is in the environment; this keeps out what the machine has.
  writeFileSync(join(folder, 'ansible.cfg'), '[defaults]\n');
  const control = `-o ControlMaster=auto -o ControlPersist=300s -o ControlPath=${folder}/cp-%C`;
  return {
    ANSIBLE_CONFIG: join(folder, 'ansible.cfg'),
    ANSIBLE_HOME: join(folder, 'ansible'),
    ANSIBLE_FORKS: String(inventory.hosts.length),
    ANSIBLE_GATHERING: 'explicit',
    ANSIBLE_PIPELINING: 'true',
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_SSH_ARGS: `-F ${config} ${control}`,
    ANSIBLE_SSH_PASSWORD_MECHANISM: 'ssh_askpass',
    ANSIBLE_DISPLAY_OK_HOSTS: 'false',
    ANSIBLE_DEPRECATION_WARNINGS: 'false',
    ANSIBLE_NOCOLOR: 'true',
    ANSIBLE_HOST_KEY_CHECKING: 'true',
  };
}

export const mitogen = (packages) => ({
  ANSIBLE_STRATEGY_PLUGINS: join(packages, 'ansible_mitogen/plugins/strategy'),
  ANSIBLE_STRATEGY: 'mitogen_linear',
});

/** pyinfra's inventory is a Python file: it reads the same facts from JSON beside it. */
export function pyinfra(inventory, config, wanted, folder) {
  const hosts = inventory.hosts.map((host) => {
    const { user, password, sudo, keys = [] } = { ...inventory.ssh, ...host.ssh };
    const [key] = keys;
    const data = {
      ...{ ssh_user: user, ssh_config_file: config, ssh_strict_host_key_checking: 'yes' },
      ...{ ssh_allow_agent: false, ssh_look_for_keys: false },
      ...(password === undefined ? { ssh_key: key } : { ssh_password: password }),
      ...(user === 'root' ? {} : { _sudo: true }),
      ...(sudo?.password === undefined ? {} : { _sudo_password: sudo.password }),
      wanted: wanted.get(host.name),
    };
    return [host.name, data];
  });
  writeFileSync(join(folder, 'hosts.json'), JSON.stringify(hosts), { mode: 0o600 });
  const text =
    'import json\nimport pathlib\n\nall = [tuple(one) for one in json.loads((pathlib.Path(__file__).parent / "hosts.json").read_text())]\n';
  writeFileSync(join(folder, 'hosts.py'), text);
}
