import type { Found, Trail } from '../../trail.ts';
import type { InstalledUnit } from '../installation.ts';

/** Whether the settings are there, may be read, and may not be read by others. */
export function checkConfiguration(installed: readonly InstalledUnit[], trail: Trail): void {
  for (const { unit, folder, unread, exposed } of installed) {
    const file = `${folder}/.env`;
    const found: Found[] = [];
    if (unread === 'ENOENT') found.push({ code: 'config_missing', says: file });
    else if (unread !== undefined) found.push({ code: 'not_readable', says: `${file} (${unread})` });
    if (exposed) {
      found.push({ code: 'config_unsafe', says: file, mend: `chown root:root ${file} && chmod 600 ${file}` });
    }
    trail.note('host', unit, null, { says: found.length === 0 ? `${file} is there` : file, found });
  }
}
