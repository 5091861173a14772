import type { FindingEntry } from './finding.ts';

/** Faults that are seen on a host itself, and of doctor's own way of looking. */
export const HOST_FINDINGS = {
  not_readable: {
    layer: 'host',
    severity: 'warning',
    why: 'This user may not read the configuration, so that doctor sees only a part.',
    mend: 'Run it as root: sudo arleo doctor',
  },
  config_missing: {
    layer: 'host',
    severity: 'failure',
    why: 'A part is installed without its configuration.',
    mend: 'Put the file back from the backup, or run the installer again: it makes only what is absent.',
  },
  folder_missing: {
    layer: 'host',
    severity: 'failure',
    why: 'A folder that a service writes to is not there: its disk may not be mounted.',
    mend: 'findmnt; mount -a; systemd-tmpfiles --create; then start the service again.',
  },
  no_way_back: {
    layer: 'tcp',
    severity: 'warning',
    why: 'This host does not reach its own public address: many routers do not lead back (hairpin NAT), or nothing is open there.',
    mend: 'Look from elsewhere: arleo doctor with the address, from another network.',
  },
  config_unsafe: {
    layer: 'host',
    severity: 'warning',
    why: 'Others on this host may read a file with secrets.',
    mend: 'chown root:root FILE && chmod 600 FILE',
  },
  unit_missing: {
    layer: 'host',
    severity: 'failure',
    why: 'There is configuration of a service, and no unit.',
    mend: 'Run the installer again.',
  },
  unit_failed: {
    layer: 'host',
    severity: 'failure',
    why: 'A unit failed.',
    mend: 'journalctl -u UNIT -n 50; after mending: systemctl restart UNIT',
  },
  unit_config: {
    layer: 'host',
    severity: 'failure',
    why: 'A service does not start for its configuration (exit status 78): it is incomplete or has a wrong value.',
    mend: 'journalctl -u UNIT -n 50 has one line for each variable; mend /etc/UNIT/.env, then: systemctl restart UNIT',
  },
  unit_inactive: {
    layer: 'host',
    severity: 'failure',
    why: 'A unit does not run.',
    mend: 'systemctl enable --now UNIT',
  },
  unit_disabled: {
    layer: 'host',
    severity: 'warning',
    why: 'A unit runs, and will not be started after the next boot.',
    mend: 'systemctl enable UNIT',
  },
  unit_restarts: {
    layer: 'host',
    severity: 'warning',
    why: 'systemd had to start a unit again and again.',
    mend: 'journalctl -u UNIT -p warning -n 50',
  },
  clock_unsynchronised: {
    layer: 'host',
    severity: 'warning',
    why: 'Nothing keeps the clock of this host right.',
    mend: 'timedatectl set-ntp true (package systemd-timesyncd or chrony)',
  },
  secrets_differ: {
    layer: 'host',
    severity: 'failure',
    why: 'MCP_TOKEN of oauth-proxy is not the one whose SHA-256 hugo-mcp-proxy has: a secret was made anew on one side, by a reinstall for example.',
    mend: 'printf %s "$MCP_TOKEN" | sha256sum gives MCP_TOKEN_SHA256 for /etc/hugo-mcp-proxy/.env; or put both .env files back from the same backup. Then restart both units.',
  },
  tokens_unusable: {
    layer: 'host',
    severity: 'failure',
    why: 'No token in tokens.json is valid: hugo-mcp-server refuses everybody.',
    mend: 'token-mgr list; token-mgr create, and put the new token into MCP_TOKEN of oauth-proxy.',
  },
  backup_missing: {
    layer: 'host',
    severity: 'warning',
    why: 'No backup of this host was made: with its disk all secrets, connections and pages are gone.',
    mend: 'Name your key in /etc/arleo/backup.conf, then: systemctl enable --now arleo-backup.timer && systemctl start arleo-backup',
  },
  backup_failed: {
    layer: 'host',
    severity: 'warning',
    why: 'The last backup failed.',
    mend: 'journalctl -u arleo-backup -n 50; after mending: systemctl start arleo-backup',
  },
  backup_stale: {
    layer: 'host',
    severity: 'warning',
    why: 'The last backup is older than it may be, or of a time that has not come.',
    mend: 'systemctl status arleo-backup.timer; check the clock: timedatectl',
  },
  out_of_time: {
    layer: 'host',
    severity: 'warning',
    why: 'This was not looked at: doctor ends after a minute, and others took it.',
    mend: 'Mend what was found, and run it again.',
  },
  probe_failed: {
    layer: 'host',
    severity: 'warning',
    why: 'This could not be looked at.',
    mend: 'The words beside it say why; if they look wrong, it is a fault of doctor.',
  },
} as const satisfies Record<string, FindingEntry>;
