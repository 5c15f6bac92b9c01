/**
 * What the question of `facts-script.ts` prints on a host that was just installed (minimal CentOS 7.9 and Debian 12,
 * 2 processors, 4 GiB): what is assumed of a host that was not seen.
 */
export const freshHosts = {
  centos: `
== id centos
== like rhel fedora
== version 7
== pretty CentOS Linux 7 (Core)
== manager yum
== uname localhost.localdomain 3.10.0-1160.el7.x86_64 x86_64
== etcHostname localhost.localdomain
== machineId
== cmdline
== cpus 0-1
== memory 3880192 kB
== selinux 1
== selinuxAtBoot enforcing
== cgroup memory
== nameserver 192.0.2.1
== mtu lo 65536
== mtu eth0 1500
== disk
Filesystem     1024-blocks    Used Available Capacity Mounted on
/dev/sda1         41943040 2097152  39845888       5% /
== network
default via 192.0.2.1 dev eth0 proto static metric 100
== listening
State      Recv-Q Send-Q Local Address:Port               Peer Address:Port
LISTEN     0      128          *:22                       *:*                   users:(("sshd",pid=1012,fd=3))
== cni
== docker
== deadRepos`,
  debian: `
== id debian
== like
== version 12
== pretty Debian GNU/Linux 12 (bookworm)
== manager apt-get
== uname debian 6.1.0-18-amd64 x86_64
== etcHostname debian
== machineId
== cmdline systemd.unified_cgroup_hierarchy=0
== cpus 0-1
== memory 4014080 kB
== selinux
== cgroup memory
== nameserver 192.0.2.1
== mtu lo 65536
== mtu eth0 1500
== disk
Filesystem     1024-blocks    Used Available Capacity Mounted on
/dev/sda1         41943040 2097152  39845888       5% /
== network
default via 192.0.2.1 dev eth0 onlink
== listening
State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
LISTEN 0      128          0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=512,fd=3))
== cni
== docker
== deadRepos`,
} as const;
