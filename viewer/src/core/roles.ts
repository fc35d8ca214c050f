// SPDX-License-Identifier: Apache-2.0
import { t } from './i18n';

/** The roles that there are, as far as the page knows. */
export const ROLES = ['public', 'wall', 'leader', 'grid_manager', 'handler', 'planner', 'dispatcher', 'steward', 'admin', 'auditor', 'node'] as const;

/** A role as people call it; one that the page does not know, as the server says it. */
export function roleName(role: string | null): string {
  switch (role) {
    case null: return '';
    case 'wall': return t('role.wall');
    case 'leader': return t('role.leader');
    case 'grid_manager': return t('role.grid_manager');
    case 'handler': return t('role.handler');
    case 'planner': return t('role.planner');
    case 'dispatcher': return t('role.dispatcher');
    case 'steward': return t('role.steward');
    case 'admin': return t('role.admin');
    case 'auditor': return t('role.auditor');
    case 'node': return t('role.node');
    case 'public': return t('role.public');
    default: return role;
  }
}
