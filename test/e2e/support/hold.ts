import { onHost, type HostName } from './lab.ts';

/**
 * Puts a systemctl before the real one that waits before it restarts the scheduler, so that a run stands still between
 * writing that unit and restarting it, for as long as a test needs.
 */
export const hold = (host: HostName): Promise<string> =>
  onHost(
    host,
    `set -e
: > /run/k8sb-hold
cat > /usr/local/bin/systemctl.new <<'END'
#!/bin/sh
trap '' TERM # steps end a systemctl that takes long
if [ "$*" = "restart kube-scheduler.service" ]; then
  while [ -e /run/k8sb-hold ]; do sleep 0.1; done
  [ ! -e /run/k8sb-fail ] || exit 1
fi
exec /usr/bin/systemctl "$@"
END
chmod 755 /usr/local/bin/systemctl.new
mv /usr/local/bin/systemctl.new /usr/local/bin/systemctl`,
  );

/** Lets the step go on that waits. */
export const letGo = (host: HostName): Promise<string> => onHost(host, 'rm -f /run/k8sb-hold');

/** Ends the step that waits, as if the host's own power had been cut there. */
export const letFail = (host: HostName): Promise<string> =>
  onHost(
    host,
    `: > /run/k8sb-fail; rm -f /run/k8sb-hold
flock -w 30 /var/lib/k8s-bootstrap/busy true && rm -f /run/k8sb-fail`,
  );

export const endHold = (host: HostName): Promise<string> =>
  onHost(host, 'rm -f /run/k8sb-hold /run/k8sb-fail /usr/local/bin/systemctl /usr/local/bin/systemctl.new');
