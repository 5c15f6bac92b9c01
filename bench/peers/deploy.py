"""The same state as the product's, told to pyinfra."""

from pyinfra import host
from pyinfra.operations import dnf, files, server, systemd

wanted = host.data.wanted

for one in wanted["directories"]:
    files.directory(path=one["path"], mode=one["mode"], user=one["owner"], group=one["group"])
for one in wanted["files"]:
    files.put(src=one["src"], dest=one["path"], mode=one["mode"], user=one["owner"], group=one["group"])
for unit in wanted["services"]:
    systemd.service(service=unit, running=True, enabled=True)
dnf.packages(packages=wanted["packages"])
for key, value in wanted["sysctls"]:
    server.sysctl(key=key, value=value)
