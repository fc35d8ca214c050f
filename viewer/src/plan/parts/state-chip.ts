// SPDX-License-Identifier: Apache-2.0
import { html, type TemplateResult } from 'lit';
import { t } from '../../core/i18n';

/** A model's state as a small label; a state that the page does not know is shown as the server says it. */
export function stateChip(state: string): TemplateResult {
  switch (state) {
    case 'published': return html`<span class="chip good">${t('state.published')}</span>`;
    case 'refused': case 'failed': return html`<span class="chip bad">${t('state.refused')}</span>`;
    case 'draft': case 'checked': return html`<span class="chip">${t('state.draft')}</span>`;
    default: return html`<span class="chip">${state}</span>`;
  }
}
