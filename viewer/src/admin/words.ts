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

export function className(least: number): string {
  switch (least) {
    case 1: return t('admin.class.public');
    case 2: return t('admin.class.internal');
    case 3: return t('admin.class.restricted');
    case 4: return t('admin.class.sensitive');
    default: return String(least);
  }
}
