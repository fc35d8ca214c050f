// SPDX-License-Identifier: Apache-2.0
/** Kinds, and what the server's small words are called. */
import { html, type TemplateResult } from 'lit';
import { wordsOf } from '../core/failure';
import { say, t } from '../core/i18n';
import { Store } from '../core/store';
import type { Kinds, Severity } from './api';
import { server } from './server';

export const kinds = new Store<{ known: Kinds | null; failure: string }>({ known: null, failure: '' });

export async function learnKinds(): Promise<void> {
  if (kinds.state.known) return;
  try {
    kinds.set({ known: await server.kinds(), failure: '' });
  } catch (error) {
    kinds.set({ failure: wordsOf(error) });
  }
}

export function kindName(id: string): string {
  return say(kinds.state.known?.kinds.find((kind) => kind.id === id)?.title) || id;
}

export function severityChip(severity: Severity): TemplateResult {
  switch (severity) {
    case 'error': return html`<span class="chip bad">${t('severity.error')}</span>`;
    case 'warning': return html`<span class="chip warn">${t('severity.warning')}</span>`;
    case 'notice': return html`<span class="chip">${t('severity.notice')}</span>`;
  }
}

/** A role as people call it; one that the page does not know, as the server says it. */
export function roleName(role: string): string {
  switch (role) {
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
    default: return role;
  }
}
